"""Connections to PostgreSQL, transactions, and the lock that one entity's sync holds."""

import asyncio
import copy
import json
import os
import platform
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from sqlalchemy import Engine, Executable, event, text
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hamgam.db.rows import storable
from hamgam.errors import Unavailable

DATABASE_GONE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What a call raises when the server cannot be reached, has gone away, or has no place for one more."""

APPLICATION = "hamgam "
"""What the names of our sessions begin with; the rest tells the processes apart."""


_RESTED_SECONDS = 0.5
"""A connection that has rested so long is asked whether it lives before it is used; in a queue of syncs that
would be one round trip more for each."""


class Database:
    """A pool of connections. Single statements commit by themselves; `transaction` groups several.

    Under a lock it is the one connection that holds it: for one task, and free of the pool's own cost.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=30,
            hide_parameters=True,  # an exception must not quote a customer
            isolation_level="AUTOCOMMIT",
            json_serializer=_json,
            connect_args={
                # Our longest statements take less time than PostgreSQL needs to compile them.
                "options": "-c timezone=UTC -c jit=off",
                "application_name": f"{APPLICATION}{os.getpid()} {platform.node()}",
                "connect_timeout": 10,
            },
        )
        _replace_dead_connections(self._engine.sync_engine)
        self._kept: AsyncConnection | None = None

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement in a transaction of its own. Rows are read before it returns."""
        async with self._connection() as connection:
            return await connection.execute(statement, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._connection() as connection:
            await connection.exec_driver_sql("BEGIN")
            try:
                yield connection
                await connection.exec_driver_sql("COMMIT")
            except BaseException:
                await asyncio.shield(_end(connection, _ROLLBACK))
                raise

    @asynccontextmanager
    async def locked(self, key: str, *, wait: bool = False) -> AsyncIterator["Database | None"]:
        """Hold the installation-wide lock on `key`; yields None when someone else has it and `wait` is off.

        What it yields works through the connection that holds the lock, for one task alone. It is a
        session-level advisory lock, so it ends with the process that holds it, however that dies.
        """
        async with self._connection() as connection:
            if not wait and not (await connection.execute(_TRY_LOCK, {"key": key})).scalar_one():
                yield None
                return
            try:
                if wait:
                    await connection.execute(_LOCK, {"key": key})
                yield self._through(connection)
            finally:
                await asyncio.shield(_end(connection, _UNLOCK, {"key": key}))

    @property
    def unlocked(self) -> Self:
        """The same database by any connection of the pool, also when the one that holds a lock is gone."""
        return self if self._kept is None else self._through(None)

    async def lasting_connection(self) -> AsyncConnection:
        """A connection outside any transaction that its caller keeps and closes."""
        return await self._engine.connect()

    async def check(self) -> None:
        """Raises `Unavailable` when the database does not answer."""
        try:
            await self.execute(text("SELECT 1"))
        except DATABASE_GONE as error:
            raise Unavailable(unavailable_text(self.url, error)) from None

    async def aclose(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        if self._kept is not None:
            yield self._kept
            return
        async with self._engine.connect() as connection:
            yield connection

    def _through(self, connection: AsyncConnection | None) -> Self:
        other = copy.copy(self)
        other._kept = connection
        return other


async def lock_free(connection: AsyncConnection, keys: Iterable[str]) -> set[str]:
    """Hold those of these locks that nobody has, until the transaction ends; answers which these are."""
    found = await connection.execute(_LOCK_FREE, {"keys": sorted(set(keys))})
    return set(found.scalars())


_LOCK_FREE = text(
    "SELECT key FROM unnest(CAST(:keys AS text[])) AS key"
    " WHERE pg_try_advisory_xact_lock(hashtextextended(key, 0))"
)
_TRY_LOCK, _LOCK, _UNLOCK = (
    text(f"SELECT {function}(hashtextextended(:key, 0))")
    for function in ("pg_try_advisory_lock", "pg_advisory_lock", "pg_advisory_unlock")
)
_ROLLBACK = text("ROLLBACK")


def _replace_dead_connections(engine: Engine) -> None:
    @event.listens_for(engine, "checkin")
    def rest(_: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < _RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise DisconnectionError from error  # the pool then opens another


def _json(value: object) -> str:
    return storable(json.dumps(value))


async def _end(connection: AsyncConnection, statement: Executable, parameters: Any = None) -> None:
    """End a transaction or a lock, or give the connection up so that it ends with it."""
    if connection.invalidated:
        return
    try:
        await connection.execute(statement, parameters)
    except DBAPIError:
        await connection.invalidate()


def unavailable_text(url: str, error: BaseException) -> str:
    """One line for a person: which server, and the first line of what the driver said. No password."""
    shown = make_url(url)
    where = f"{shown.host or shown.query.get('host', 'localhost')}:{shown.port or 5432}/{shown.database}"
    said = str(getattr(error, "orig", None) or error).strip().splitlines()
    return (
        f"DATABASE_URL: the database at {where} cannot be used: {said[0] if said else type(error).__name__}"
    )
