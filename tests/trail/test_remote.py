"""What is remembered of a remote system: sessions that all share, and counters of all processes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import OperationalError

from hamgam.db.engine import DATABASE_GONE, Database
from hamgam.model import RemoteSession, System
from hamgam.trail import numbers
from hamgam.trail.remote import UNUSUAL_WAIT, CallTally, SharedSessions, waiting_since
from tests.fakes import START, Clock

SESSION = RemoteSession("token", {"fiscal_year": "1404", "contact": "77"})


def call(tally: CallTally, *reasons: str, system: System = System.CRM) -> None:
    """One call of 100 ms for each reason; "" is a call that went well."""
    for reason in reasons:
        tally.called(system, ok=not reason, reason=reason, seconds=0.1)


async def test_a_session_is_shared(db: Database) -> None:
    one, other = SharedSessions(db), SharedSessions(db)
    assert await other.load(System.CRM) is None
    await one.save(System.CRM, SESSION)
    assert await other.load(System.CRM) == SESSION
    assert await other.load(System.FINANCE) is None
    await other.save(System.CRM, None)
    assert await one.load(System.CRM) is None


async def test_refused_credentials_are_remembered_until_others_are(db: Database) -> None:
    sessions = SharedSessions(db)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    await sessions.note_refusal(System.FINANCE, "print", at)
    assert await sessions.refused_at(System.FINANCE, "print") == at
    assert await sessions.refused_at(System.FINANCE, "another") is None
    assert await sessions.refused_at(System.CRM, "print") is None
    await sessions.note_refusal(System.FINANCE, "another", at)
    assert await sessions.refused_at(System.FINANCE, "print") is None


async def test_one_at_a_time_logs_in_to_one_system(db: Database) -> None:
    one, other = SharedSessions(db), SharedSessions(db)
    inside: list[str] = []

    async def log_in(sessions: SharedSessions) -> None:
        async with sessions.exclusive(System.CRM):
            inside.append("in")
            await asyncio.sleep(0)
            inside.append("out")

    async with one.exclusive(System.FINANCE):
        await asyncio.gather(*(log_in(sessions) for sessions in (one, other, one, other)))
    assert inside == ["in", "out"] * 4


async def test_the_counters_of_two_processes_add_up(db: Database) -> None:
    one, other = CallTally(db, Clock()), CallTally(db, Clock())
    call(one, "", "TIMEOUT", "TIMEOUT")
    call(other, "TIMEOUT", "SERVER_ERROR", "")
    await one.flush()
    await asyncio.gather(one.flush(), other.flush())
    call(one, "RATE_LIMITED")
    await one.flush()
    crm = (await numbers.remote_states(db))[System.CRM]
    assert crm.calls == 7
    assert crm.errors == {"TIMEOUT": 3, "SERVER_ERROR": 1, "RATE_LIMITED": 1}
    assert crm.seconds == pytest.approx(0.7)
    assert crm.state == "RATE_LIMITED"
    assert crm.last_contact == START
    finance = (await numbers.remote_states(db))[System.FINANCE]
    assert (finance.calls, finance.state, finance.last_contact) == (0, "unknown", None)


async def test_many_flushes_at_once_lose_nothing(db: Database) -> None:
    tallies = [CallTally(db, Clock()) for _ in range(8)]
    for tally in tallies:
        call(tally, "", "TIMEOUT")
    await asyncio.gather(*(tally.flush() for tally in tallies))
    crm = (await numbers.remote_states(db))[System.CRM]
    assert (crm.calls, crm.errors) == (16, {"TIMEOUT": 8})


class Fragile(Database):
    """A database that is away when the test says so."""

    away = True

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        if self.away:
            raise OperationalError("", None, Exception("the server went away"))
        return await super().execute(statement, parameters)


async def test_nothing_is_lost_while_the_database_is_away(db: Database) -> None:
    fragile = Fragile(db.url)
    tally = CallTally(fragile, Clock())
    call(tally, "", "TIMEOUT")
    with pytest.raises(DATABASE_GONE):
        await tally.flush()
    call(tally, "TIMEOUT")
    with pytest.raises(DATABASE_GONE):
        await tally.flush()
    fragile.away = False
    await tally.flush()
    await fragile.aclose()
    crm = (await numbers.remote_states(db))[System.CRM]
    assert (crm.calls, crm.errors, crm.state) == (3, {"TIMEOUT": 2}, "TIMEOUT")
    assert crm.last_contact == START


async def test_a_flush_keeps_the_session(db: Database) -> None:
    await SharedSessions(db).save(System.CRM, SESSION)
    tally = CallTally(db, Clock())
    call(tally, "")
    await tally.flush()
    await tally.flush()
    assert await SharedSessions(db).load(System.CRM) == SESSION
    assert (await numbers.remote_states(db))[System.CRM].calls == 1


AN_INSTANT = timedelta(milliseconds=1)


async def test_a_call_that_waits_unusually_long_is_told_of_until_it_is_answered(db: Database) -> None:
    clock = Clock()
    tally = CallTally(db, clock)
    with tally.waiting(System.FINANCE):
        clock.now += UNUSUAL_WAIT - AN_INSTANT
        await tally.flush()
        assert await waiting_since(db) == {}
        clock.now += AN_INSTANT
        with tally.waiting(System.FINANCE), tally.waiting(System.CRM):
            await tally.flush()
        assert await waiting_since(db) == {System.FINANCE: START}
    await db.execute(text('UPDATE "RemoteSystem" SET "waitingNotedAt" = now() - interval \'4 seconds\''))
    await tally.flush()
    assert await waiting_since(db) == {}


async def test_the_process_that_has_waited_longest_speaks_while_it_does(db: Database) -> None:
    early, late = Clock(), Clock()
    late.now += timedelta(seconds=30)
    one, other = CallTally(db, early), CallTally(db, late)
    with one.waiting(System.CRM), other.waiting(System.CRM):
        early.now = late.now = START + timedelta(minutes=1)
        for tally in (other, one, other):
            await tally.flush()
        assert await waiting_since(db) == {System.CRM: START}
        await db.execute(text('UPDATE "RemoteSystem" SET "waitingNotedAt" = now() - interval \'4 seconds\''))
        await other.flush()
        assert await waiting_since(db) == {System.CRM: START + timedelta(seconds=30)}
