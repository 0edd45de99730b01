"""Leave to write: good for a while, asked for again, and looked at once more beside the socket."""

import asyncio
import itertools

import pytest

from hamgam.errors import Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems.http import MAX_CONNECT_SECONDS, HttpClient
from hamgam.systems.lease import LEASE_SECONDS, Lease, held, holding
from hamgam.systems.outcomes import Effect
from tests.fakes import Clock, Observed, Unlimited
from tests.systems.raw import RawServer, answer, raw_server


class Owner:
    """Says whether the work is still ours, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.gone = False

    async def __call__(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        if self.gone:
            raise Refused(Reason.TAKEN_OVER)


async def write(server: RawServer, effect: Effect = Effect.WRITE) -> None:
    client = HttpClient(
        server.url, System.FINANCE, timeout_seconds=5, limiter=Unlimited(), observer=Observed()
    )
    try:
        await client.call("POST", "/x", body={"a": 1}, headers={}, effect=effect)
    finally:
        await client.aclose()


def test_a_write_has_left_long_before_its_work_is_taken_over() -> None:
    from hamgam.db.eviction import SILENT_SECONDS

    assert LEASE_SECONDS + MAX_CONNECT_SECONDS < SILENT_SECONDS


async def test_one_answer_serves_for_a_while_and_for_all_who_ask_at_once() -> None:
    clock, owner = Clock(), Owner()
    lease = Lease(owner, clock.monotonic)
    assert not lease.valid
    await asyncio.gather(*(lease.renew() for _ in range(5)))
    clock.tick(LEASE_SECONDS - 0.1)
    await lease.renew()
    assert (owner.asked, lease.valid) == (1, True)
    clock.tick(0.1)
    assert not lease.valid
    await lease.renew()
    assert (owner.asked, lease.valid) == (2, True)


async def test_the_time_that_asking_takes_counts() -> None:
    clock = Clock()

    async def slow() -> None:
        clock.tick(LEASE_SECONDS)

    lease = Lease(slow, clock.monotonic)
    await lease.renew()
    assert not lease.valid


async def test_a_lease_holds_inside_its_block_and_the_tasks_of_it() -> None:
    lease = Lease(Owner(), Clock().monotonic)

    async def seen() -> Lease | None:
        return held()

    with holding(lease):
        assert await asyncio.create_task(seen()) is lease
    assert await asyncio.create_task(seen()) is None


async def test_a_late_write_asks_again_and_leaves() -> None:
    clock, owner = Clock(), Owner()
    lease = Lease(owner, clock.monotonic)
    await lease.renew()
    async with raw_server(answer()) as server:
        with holding(lease):
            await write(server)
            clock.tick(LEASE_SECONDS)
            await write(server)
    assert (owner.asked, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("effect", list(Effect))
async def test_a_late_write_of_lost_work_stays_and_reads_do_not_care(effect: Effect) -> None:
    clock, owner = Clock(), Owner()
    lease = Lease(owner, clock.monotonic)
    await lease.renew()
    clock.tick(LEASE_SECONDS)
    owner.gone = True
    async with raw_server(answer()) as server:
        with holding(lease):
            if effect is Effect.WRITE:
                with pytest.raises(SyncError) as failed:
                    await write(server, effect)
                assert failed.value.reason is Reason.TAKEN_OVER
            else:
                await write(server, effect)
    assert server.connections == (0 if effect is Effect.WRITE else 1)


async def test_a_write_that_is_late_at_the_socket_sends_nothing_and_may_be_repeated() -> None:
    reading = itertools.count(0, LEASE_SECONDS + 1)
    lease = Lease(Owner(), lambda: next(reading))
    async with raw_server(answer()) as server:
        with holding(lease), pytest.raises(TryLater):
            await write(server)
        assert (server.connections, server.requests, server.partial) == (1, [], b"")
