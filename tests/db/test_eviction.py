"""Locks of silent processes: taken from them, and from nobody who still speaks."""

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hamgam.db.engine import APPLICATION, DATABASE_GONE, Database
from hamgam.db.eviction import evict_silent
from hamgam.db.presence import Presence

HOLD = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"


async def session(stack: AsyncExitStack, db: Database, process: str) -> psycopg.AsyncConnection:
    connection = await psycopg.AsyncConnection.connect(db.url, autocommit=True, application_name=process)
    stack.push_async_callback(connection.close)
    return connection


async def evicted(db: Database, *speakers: psycopg.AsyncConnection) -> int:
    """How many sessions of those that have been silent for a second are ended, while others speak."""
    async with asyncio.timeout(30):
        while True:
            for each in speakers:
                await each.execute("SELECT 1")
            if ended := await evict_silent(db, 1):
                return ended
            await asyncio.sleep(0.1)


async def alive(connection: psycopg.AsyncConnection) -> bool:
    try:
        await connection.execute("SELECT 1")
    except DATABASE_GONE:
        return False
    return True


async def test_only_a_process_that_is_silent_on_all_its_connections_loses_its_locks(db: Database) -> None:
    async with AsyncExitStack() as stack:
        names = ("silent", "silent", "speaks", "speaks", "idle", "other")
        connections = [
            await session(stack, db, name if name == "other" else APPLICATION + name) for name in names
        ]
        holds, bystander, thinks, speaks, idle, other = connections
        for key, connection in (("a", holds), ("b", thinks), ("c", other)):
            await connection.execute(HOLD, [key])
        assert await evicted(db, speaks) == 1
        assert [await alive(each) for each in connections] == [False, True, True, True, True, True]
        del bystander, idle
        for key, free in (("a", True), ("b", False), ("c", False)):
            async with db.locked(key) as held:
                assert (held is not None) is free


async def test_who_waits_for_a_lock_in_silence_does_not_get_it_later(db: Database) -> None:
    async with AsyncExitStack() as stack:
        holds = await session(stack, db, APPLICATION + "holds")
        waits = await session(stack, db, APPLICATION + "waits")
        await holds.execute(HOLD, ["a"])
        waiting = asyncio.create_task(waits.execute(HOLD, ["a"]))
        assert await evicted(db, holds) == 1
        assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], DATABASE_GONE)


async def test_presence_is_left(db: Database) -> None:
    """A process that wakes up goes on with the share that it had: others must not have taken it."""
    async with AsyncExitStack() as stack:
        silent = await session(stack, db, APPLICATION + "silent")
        await silent.execute("SELECT pg_advisory_lock_shared(7340912, 1)")
        holds = await session(stack, db, APPLICATION + "silent")
        await holds.execute(HOLD, ["a"])
        assert await evicted(db) == 1
        async with Presence(db) as present:
            assert (await present.share()).members == 2


async def test_what_has_lost_its_lock_answers_no_more(db: Database) -> None:
    async with db.locked("a") as held:
        assert held is not None
        await held.execute(text("SELECT 1"))
        async with await psycopg.AsyncConnection.connect(db.url, autocommit=True) as other:
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database"
                " WHERE datname = current_database() AND locktype = 'advisory'"
            )
        for _ in range(2):
            with pytest.raises(SQLAlchemyError):
                await held.execute(text("SELECT 1"))
    async with db.locked("a") as held:
        assert held is not None
