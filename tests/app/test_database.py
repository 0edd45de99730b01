"""PostgreSQL's own programs, which end with the command that has started them."""

import asyncio

import psutil
import pytest
from sqlalchemy import text

from hamgam.app.commands import database
from hamgam.db.engine import Database
from hamgam.errors import Unavailable


def programs() -> list[str]:
    return [child.name() for child in psutil.Process().children() if "psql" in child.name()]


async def test_a_program_does_not_outlive_a_command_that_is_told_to_stop(db: Database) -> None:
    waiting = text(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'psql' AND wait_event = 'PgSleep'"
    )
    running = asyncio.create_task(database._tool("psql", "--command=SELECT pg_sleep(20)", where=db.url))
    async with asyncio.timeout(30):
        while not (await db.execute(waiting)).all():
            await asyncio.sleep(0.02)
    assert len(programs()) == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert programs() == []


async def test_a_program_that_fails_is_told_in_its_first_line(db: Database) -> None:
    with pytest.raises(Unavailable, match=r"^psql: .*no_such"):
        await database._tool("psql", "--command=SELECT no_such", where=db.url)
