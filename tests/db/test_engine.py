"""Pooled connections that die while nobody uses them."""

import psycopg
import pytest
from sqlalchemy import text

from hamgam.db import engine
from hamgam.db.engine import DATABASE_GONE, Database

ONE = text("SELECT pg_backend_pid()")


async def kill_what_rests(db: Database) -> int:
    """The server's side of the connection that was used last."""
    pid = int((await db.execute(ONE)).scalar_one())
    async with await psycopg.AsyncConnection.connect(db.url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    return pid


async def test_a_connection_that_died_while_it_rested_is_replaced_unseen(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_RESTED_SECONDS", 0)
    dead = await kill_what_rests(db)
    assert (await db.execute(ONE)).scalar_one() != dead


async def test_one_that_was_used_just_now_fails_once(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_RESTED_SECONDS", 3600)
    dead = await kill_what_rests(db)
    with pytest.raises(DATABASE_GONE):
        await db.execute(ONE)
    assert (await db.execute(ONE)).scalar_one() != dead


async def test_statements_are_not_compiled(db: Database) -> None:
    assert (await db.execute(text("SHOW jit"))).scalar_one() == "off"
