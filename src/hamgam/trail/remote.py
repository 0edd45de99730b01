"""What the installation remembers of each remote system: the shared login and how its calls went."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Text, case, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from hamgam.db.engine import Database
from hamgam.db.tables import remote_system as t
from hamgam.model import RemoteSession, System

logger = structlog.get_logger()

UNUSUAL_WAIT = timedelta(seconds=5)
"""For so long a call may wait for its answer before people are told. Most answers come within a second, and
a call that nobody answers fails only after `HTTP_TIMEOUT_SECONDS`."""
_WAIT_COUNTS_FOR = timedelta(seconds=3)


class SharedSessions:
    """Keeps the login of each system in the database, so that all processes use one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, system: System) -> RemoteSession | None:
        found = await self._db.execute(select(t.c.session).where(t.c.system == system))
        return _session(found.scalar_one_or_none())

    async def save(self, system: System, session: RemoteSession | None) -> None:
        stored = {"token": session.token, "attributes": dict(session.attributes)} if session else None
        await _upsert(self._db, system, session=stored, sessionAt=func.now() if session else None)

    @asynccontextmanager
    async def exclusive(self, system: System) -> AsyncIterator[None]:
        async with self._db.locked(f"login:{system}", wait=True):
            yield

    async def refused_at(self, system: System, credentials: str) -> datetime | None:
        found = await self._db.execute(
            select(t.c.refusedAt).where(t.c.system == system, t.c.refusedCredentials == credentials)
        )
        return found.scalar_one_or_none()

    async def note_refusal(self, system: System, credentials: str, at: datetime) -> None:
        logger.error("login.refused", system=system)
        await _upsert(self._db, system, refusedCredentials=credentials, refusedAt=at)


@dataclass(frozen=True, slots=True)
class SessionState:
    """What is known of the login of one system; never the login itself."""

    since: datetime | None
    """None: there is no session, or it is older than this was noted."""
    exists: bool
    refused_at: datetime | None
    """When the credentials that were in use then were refused last."""


async def session_states(db: Database) -> dict[System, SessionState]:
    exists = t.c.session.is_not(None).label("exists")
    rows = await db.execute(select(t.c.system, t.c.sessionAt, exists, t.c.refusedAt))
    known = {row.system: SessionState(row.sessionAt, row.exists, row.refusedAt) for row in rows}
    return {system: known.get(system, SessionState(None, False, None)) for system in System}


def _session(stored: object) -> RemoteSession | None:
    """None also for what another version stored and this one cannot read: a login mends it."""
    match stored:
        case {"token": str(token), "attributes": dict(attributes)} if token.isascii() and token.isprintable():
            texts = all(isinstance(value, str) for value in attributes.values())
            return RemoteSession(token, attributes) if texts else None
    return None


@dataclass(slots=True)
class _Tally:
    calls: int = 0
    milliseconds: float = 0
    errors: Counter[str] = field(default_factory=Counter)
    contact: datetime | None = None
    state: str = "ok"


class CallTally:
    """Counts remote calls in memory and adds them to the database now and then.

    Counters of all processes meet in one row per system, for `/metrics`, `/ready` and `status`. So does the
    call that has waited longest for its answer: a note that is written again at every `flush`, counts for a
    few seconds, and needs nobody to take it back.
    """

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._tallies: dict[System, _Tally] = {}
        self._waiting: dict[System, dict[object, datetime]] = {system: {} for system in System}

    @contextmanager
    def waiting(self, system: System) -> Iterator[None]:
        call = object()
        self._waiting[system][call] = self._clock()
        try:
            yield
        finally:
            del self._waiting[system][call]

    def called(self, system: System, *, ok: bool, reason: str, seconds: float) -> None:
        tally = self._tallies.setdefault(system, _Tally())
        tally.calls += 1
        tally.milliseconds += seconds * 1000
        tally.state = "ok" if ok else reason
        if ok:
            tally.contact = self._clock()
        else:
            tally.errors[reason] += 1

    async def flush(self) -> None:
        """Add what was counted since the last time. Nothing is lost when the database is away."""
        for system in list(self._tallies):
            tally = self._tallies.pop(system)
            try:
                await _add(self._db, system, tally, self._clock())
            except BaseException:
                self._give_back(system, tally)
                raise
        await self._note_waits()

    async def _note_waits(self) -> None:
        now = self._clock()
        for system, calls in self._waiting.items():
            since = min(calls.values(), default=now)
            if now - since >= UNUSUAL_WAIT:
                await _note_wait(self._db, system, since)

    def _give_back(self, system: System, tally: _Tally) -> None:
        newer = self._tallies.setdefault(system, _Tally(state=tally.state))
        newer.calls += tally.calls
        newer.milliseconds += tally.milliseconds
        newer.errors.update(tally.errors)
        newer.contact = newer.contact or tally.contact


async def waiting_since(db: Database) -> dict[System, datetime]:
    """Since when a call has been waiting for its answer, of any process, where that is unusually long."""
    fresh = t.c.waitingNotedAt > func.now() - _WAIT_COUNTS_FOR
    rows = await db.execute(select(t.c.system, t.c.waitingSince).where(fresh, t.c.system.in_(list(System))))
    return {System(row.system): row.waitingSince for row in rows}


async def _note_wait(db: Database, system: System, since: datetime) -> None:
    """Of several processes the one that has waited longest speaks, while its note counts."""
    noted = {"waitingSince": since, "waitingNotedAt": func.now()}
    stale = t.c.waitingNotedAt <= func.now() - _WAIT_COUNTS_FOR
    speaks = or_(t.c.waitingSince.is_(None), t.c.waitingSince >= since, stale)
    statement = insert(t).values(system=system, **noted)
    await db.execute(statement.on_conflict_do_update(index_elements=["system"], set_=noted, where=speaks))


async def _upsert(db: Database, system: System, **values: Any) -> None:
    statement = insert(t).values(system=system, **values)
    await db.execute(statement.on_conflict_do_update(index_elements=["system"], set_=values))


async def _add(db: Database, system: System, tally: _Tally, now: datetime) -> None:
    await db.execute(insert(t).values(system=system).on_conflict_do_nothing())
    other_state = t.c.state.is_distinct_from(tally.state)
    await db.execute(
        t.update()
        .where(t.c.system == system)
        .values(
            state=tally.state,
            stateAt=case((other_state, now), else_=t.c.stateAt),
            lastContactAt=func.coalesce(tally.contact, t.c.lastContactAt),
            calls=t.c.calls + tally.calls,
            milliseconds=t.c.milliseconds + round(tally.milliseconds),
            errors=_added(tally.errors),
        )
    )


def _added(errors: Counter[str]) -> Any:
    """`errors` with these counts added, in SQL, so that two processes cannot overwrite each other."""
    merged: Any = t.c.errors
    for reason, count in errors.items():
        before = func.coalesce(t.c.errors[reason].as_integer(), 0)
        merged = merged.op("||")(func.jsonb_build_object(literal(reason, Text), before + count))
    return merged if errors else text("errors")
