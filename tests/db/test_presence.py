"""Shares of the installation's load: they add up, go round, and pass on when a process is gone."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy import text

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.db.presence import Presence, Share


async def shares(present: list[Presence]) -> list[Share]:
    """Of one turn: two that are asked for in a row may stand on both sides of its end."""
    return [replace(await each.share(), turn=0) for each in present]


async def kill_members(db: Database) -> int:
    """End the connections that presences of this database live on."""
    killed = await db.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE d.datname = current_database() AND locktype = 'advisory' AND mode = 'ShareLock'"
        )
    )
    return len(killed.all())


@pytest.mark.parametrize("members", range(1, 7))
def test_all_parts_add_up_in_every_turn_and_nobody_waits_for_ever(members: int) -> None:
    for whole in range(10):
        totals = [0] * members
        for turn in range(members):
            parts = [Share(place, members, turn).of(whole) for place in range(members)]
            assert sum(parts) == whole
            assert max(parts) - min(parts) <= 1
            totals = [total + part for total, part in zip(totals, parts, strict=True)]
        assert totals == [whole] * members


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_the_shares_of_all_members_add_up(db: Database, count: int) -> None:
    async with AsyncExitStack() as stack:
        present = [await stack.enter_async_context(Presence(db)) for _ in range(count)]
        found = await shares(present)
        assert sorted(share.place for share in found) == list(range(count))
        assert {share.members for share in found} == {count}
        for whole in (0, 1, 4, 8):
            assert sum(share.of(whole) for share in found) == whole


async def test_the_share_of_a_closed_member_is_taken_over(db: Database) -> None:
    async with Presence(db) as stays:
        async with Presence(db) as leaves:
            assert [share.members for share in await shares([stays, leaves])] == [2, 2]
        async with asyncio.timeout(30):  # the server notices a closed connection in its own time
            while (share := (await shares([stays]))[0]).members != 1:
                await asyncio.sleep(0.02)
        assert (share.place, share.of(8)) == (0, 8)


async def test_a_member_whose_connection_was_killed_is_counted_no_more_and_comes_back(db: Database) -> None:
    async with Presence(db) as one, Presence(db) as two:
        assert await kill_members(db) == 2
        for present in (one, two):
            with pytest.raises(DATABASE_GONE):
                await present.share()
        [alone] = await shares([one])
        assert alone.members == 1
        assert {share.members for share in await shares([two, one])} == {2}


async def test_leaving_works_after_the_connection_was_killed(db: Database) -> None:
    async with Presence(db):
        assert await kill_members(db) == 1
    async with Presence(db) as again:
        assert (await again.share()).members == 1
