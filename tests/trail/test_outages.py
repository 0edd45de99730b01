"""What the breakers of all processes say, and for how long it counts."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import System
from hamgam.trail.outages import Outage, OutageNotes, outages

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=8)


def down(db: Database, at: datetime = NOW) -> OutageNotes:
    notes = OutageNotes(db, lambda: at)
    notes.went_down(System.CRM, Reason.TIMEOUT)
    notes.asks_again(System.CRM, in_seconds=8)
    return notes


async def test_other_processes_see_since_when_and_when_it_is_asked_again(db: Database) -> None:
    assert await outages(db) == {}
    await down(db).flush()
    assert await outages(db) == {System.CRM: Outage(NOW, LATER)}


async def test_a_later_pause_moves_the_next_try_and_not_the_beginning(db: Database) -> None:
    notes = down(db)
    notes.asks_again(System.CRM, in_seconds=30)
    await notes.flush()
    assert await outages(db) == {System.CRM: Outage(NOW, NOW + timedelta(seconds=30))}


async def test_the_note_of_a_process_that_says_nothing_more_stops_counting(db: Database) -> None:
    await down(db).flush()
    await db.execute(text('UPDATE "RemoteSystem" SET "downNotedAt" = now() - interval \'6 seconds\''))
    assert await outages(db) == {}


async def test_what_is_back_is_noted_no_more_and_another_process_still_speaks(db: Database) -> None:
    here, there = down(db), down(db, LATER)
    here.came_back(System.CRM, after_seconds=3)
    await there.flush()
    await here.flush()
    assert (await outages(db))[System.CRM].since == LATER
