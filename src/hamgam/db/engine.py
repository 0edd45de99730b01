"""Connections to PostgreSQL, transactions, and the lock that one entity's sync holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import Executable, text
from sqlalchemy.engine import CursorResult, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from hamgam.errors import Unavailable

DATABASE_GONE = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What a call raises when the server cannot be reached, has gone away, or has no place for one more."""


class Database:
    """A pool of connections. Single statements commit by themselves; `transaction` groups several."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=30,
            hide_parameters=True,  # an exception must not quote a customer
            pool_pre_ping=True,
            connect_args={
                "options": "-c timezone=UTC",
                "application_name": "hamgam",
                "connect_timeout": 10,
            },
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """Run one statement in a transaction of its own. Rows are read before it returns."""
        async with self._autocommit.connect() as connection:
            result: CursorResult[Any] = await connection.execute(statement, parameters)
            if result.returns_rows:
                return result.freeze()()  # type: ignore[return-value]
            return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def locked(self, key: str, *, wait: bool = False) -> AsyncIterator[bool]:
        """Hold the installation-wide lock on `key`; yields False when someone else has it and `wait` is off.

        It is a session-level advisory lock, so it ends with the process that holds it, however that dies.
        """
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        async with self._autocommit.connect() as connection:
            taken = (await connection.execute(_lock_call(function), {"key": key})).scalar_one()
            held = wait or bool(taken)
            try:
                yield held
            finally:
                if held:
                    await asyncio.shield(_unlock(connection, key))

    async def lasting_connection(self) -> AsyncConnection:
        """A connection outside any transaction that its caller keeps and closes."""
        return await self._autocommit.connect()

    async def check(self) -> None:
        """Raises `Unavailable` when the database does not answer."""
        try:
            await self.execute(text("SELECT 1"))
        except DATABASE_GONE as error:
            raise Unavailable(unavailable_text(self.url, error)) from None

    async def aclose(self) -> None:
        await self._engine.dispose()


def _lock_call(function: str) -> Executable:
    return text(f"SELECT {function}(hashtextextended(:key, 0))")


async def _unlock(connection: AsyncConnection, key: str) -> None:
    """Release the lock, or give the connection up so that its lock ends with it."""
    try:
        await connection.execute(_lock_call("pg_advisory_unlock"), {"key": key})
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
