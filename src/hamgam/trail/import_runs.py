"""Imports as a person follows them: who asked for what, how far it is, and how it ended.

At most one run is open, whoever began it; the database sees to that. A run that is not `queued` belongs to
the process of a command and ends with it. With the others any worker goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, literal, null, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import import_run

t = import_run.c


class RunState(StrEnum):
    WAITING = "WAITING"
    """For a worker."""
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    """By a person, or with the process of its command."""
    FAILED = "FAILED"
    """`trouble` says why it could not go on."""
    DONE = "DONE"
    """Every contact was looked at."""


_OPEN = t.state.in_((RunState.WAITING, RunState.RUNNING))
_AT_REST = t.state.in_((RunState.STOPPED, RunState.FAILED))

DIED = "DIED"
"""The `trouble` of a run whose command ended before it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What somebody asked for."""

    id: UUID
    dry_run: bool = False
    limit: int | None = None
    again: bool = False
    force: bool = False
    started_by: str | None = None
    """None: from the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    per_second: float | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as it is stored."""

    request: RunRequest
    queued: bool
    """Any worker goes on with it."""
    state: RunState
    started_at: datetime
    heard_at: datetime | None
    ended_at: datetime | None
    finished_at: datetime | None
    """Set only when every contact was looked at and none failed."""
    stopped_by: str | None
    resumed_by: str | None
    trouble: str | None
    detail: str
    total: int | None
    """Contacts in finance; None: they are not counted yet."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    per_second: float | None
    waits_for: str | None

    @property
    def id(self) -> UUID:
        return self.request.id

    @property
    def is_open(self) -> bool:
        return self.state in (RunState.WAITING, RunState.RUNNING)

    @property
    def can_resume(self) -> bool:
        """A plan is made anew instead, and a command is given again."""
        return self.state in (RunState.STOPPED, RunState.FAILED) and not self.request.dry_run

    @property
    def written(self) -> int:
        return self.outcomes.get("created", 0) + self.outcomes.get("linked", 0)

    @property
    def unseen(self) -> int | None:
        """Contacts that it has not looked at: it is limited, or under way, or ended early."""
        return None if self.total is None else max(0, self.total - sum(self.outcomes.values()))

    @property
    def expected(self) -> int | None:
        """What `done` counts up to: all contacts, or under a limit those that are created or linked."""
        limit = self.request.limit
        return self.total if self.total is None or limit is None else min(self.total, limit)

    @property
    def done(self) -> int:
        return self.written if self.request.limit is not None else sum(self.outcomes.values())

    @property
    def seconds_left(self) -> float | None:
        if self.state is not RunState.RUNNING or self.expected is None or not self.per_second:
            return None
        return max(0, self.expected - self.done) / self.per_second


async def finished_at(db: Database) -> datetime | None:
    """When an import last looked at every record and none failed."""
    found = await db.execute(select(func.max(t.finishedAt)))
    return found.scalar_one_or_none()


async def ask(connection: AsyncConnection, request: RunRequest, at: datetime) -> bool:
    """Let a run wait for a worker. False: one is open already, or this very one was asked for before."""
    return await _insert(connection, request, RunState.WAITING, at, queued=True)


async def begin(db: Database, request: RunRequest, at: datetime) -> bool:
    """Begin a run, or go on with one that waits or whose worker died. False: another is open, or it ended.

    Its caller holds the lock of the import: a command's run that is still open has died with its process.
    """
    async with db.transaction() as connection:
        await close_dead(connection, at)
        mine = import_run.update().where(t.id == request.id, _OPEN)
        going = await connection.execute(mine.values(state=RunState.RUNNING, heardAt=at))
        return bool(going.rowcount) or await _insert(connection, request, RunState.RUNNING, at, queued=False)


async def close_dead(connection: AsyncConnection, at: datetime) -> None:
    """End the open run of a command. Its caller knows that no process works on it."""
    dead = import_run.update().where(t.queued.is_(False), _OPEN)
    await connection.execute(dead.values(state=RunState.STOPPED, trouble=DIED, endedAt=at))


async def _insert(
    connection: AsyncConnection, request: RunRequest, state: RunState, at: datetime, *, queued: bool
) -> bool:
    row = {
        "id": request.id,
        "queued": queued,
        "startedAt": at,
        "state": state,
        "heardAt": at if state is RunState.RUNNING else None,
        "dryRun": request.dry_run,
        "again": request.again,
        "force": request.force,
        "limit": request.limit,
        "startedBy": request.started_by,
    }
    statement = insert(import_run).values(row).on_conflict_do_nothing().returning(t.id)
    return (await connection.execute(statement)).first() is not None


async def note(db: Database, run_id: UUID, progress: Progress, at: datetime) -> bool:
    """Note how far a run is. True: somebody has asked it to stop."""
    noted = await db.execute(
        import_run.update()
        .where(t.id == run_id, t.state == RunState.RUNNING)
        .values(heardAt=at, **_columns(progress))
        .returning(t.stoppedBy)
    )
    return noted.scalar_one_or_none() is not None


async def end(
    db: Database,
    run_id: UUID,
    state: RunState,
    progress: Progress | None,
    at: datetime,
    *,
    finished: bool = False,
    trouble: str | None = None,
    detail: str = "",
) -> None:
    """End a run, unless it has ended. One that a person stopped is STOPPED, or DONE if that came first."""
    stopped = case((t.stoppedBy.is_not(None), literal(RunState.STOPPED.value)), else_=state)
    await db.execute(
        import_run.update()
        .where(t.id == run_id, _OPEN)
        .values(
            state=state if state is RunState.DONE else stopped,
            endedAt=at,
            heardAt=at,
            finishedAt=at if finished else None,
            trouble=trouble,
            detail=detail or None,
            **(_columns(progress) if progress else {}),
        )
    )


async def put_back(db: Database, run_id: UUID, progress: Progress) -> bool:
    """Let another worker go on with a run of the queue. False: a person has stopped it, or it has ended."""
    mine = import_run.update().where(
        t.id == run_id, t.state == RunState.RUNNING, t.queued, t.stoppedBy.is_(None)
    )
    put = await db.execute(mine.values(state=RunState.WAITING, **_columns(progress)))
    return bool(put.rowcount)


def _columns(progress: Progress) -> dict[str, Any]:
    return {
        "counts": dict(progress.counts),
        "reasons": dict(progress.reasons),
        "perSecond": progress.per_second,
        "waitsFor": progress.waits_for,
    }


async def stop(connection: AsyncConnection, run_id: UUID, by: str, at: datetime) -> bool:
    """Ask a run to stop; one that waits has stopped with that. False: it is not open, or was asked before."""
    waits = t.state == RunState.WAITING
    asked = await connection.execute(
        import_run.update()
        .where(t.id == run_id, _OPEN, t.stoppedBy.is_(None))
        .values(
            stoppedBy=by,
            state=case((waits, literal(RunState.STOPPED.value)), else_=t.state),
            endedAt=case((waits, at), else_=null()),
        )
    )
    return bool(asked.rowcount)


async def resume(connection: AsyncConnection, run_id: UUID, by: str) -> bool:
    """Let a run that is at rest wait for a worker again. False: it is not, or it is a plan.

    Raises `IntegrityError` when another run is open.
    """
    going = await connection.execute(
        import_run.update()
        .where(t.id == run_id, _AT_REST, t.dryRun.is_(False))
        .values(
            state=RunState.WAITING,
            queued=True,
            resumedBy=by,
            stoppedBy=None,
            endedAt=None,
            trouble=None,
            detail=None,
            waitsFor=None,
            perSecond=None,
        )
    )
    return bool(going.rowcount)


async def find(db: Database, run_id: UUID) -> Run | None:
    row = (await db.execute(select(import_run).where(t.id == run_id))).one_or_none()
    return _run(row) if row else None


async def open_run(db: Database) -> Run | None:
    row = (await db.execute(select(import_run).where(_OPEN))).one_or_none()
    return _run(row) if row else None


async def recent(db: Database, limit: int) -> list[Run]:
    """Newest first."""
    rows = await db.execute(select(import_run).order_by(t.startedAt.desc(), t.id).limit(limit))
    return [_run(row) for row in rows]


def _run(row: Row[Any]) -> Run:
    counts = _counts(row.counts)
    total = counts.pop("total", None)
    return Run(
        request=RunRequest(
            id=row.id,
            dry_run=row.dryRun,
            limit=row.limit,
            again=row.again,
            force=row.force,
            started_by=row.startedBy,
        ),
        queued=row.queued,
        state=RunState(row.state),
        started_at=row.startedAt,
        heard_at=row.heardAt,
        ended_at=row.endedAt,
        finished_at=row.finishedAt,
        stopped_by=row.stoppedBy,
        resumed_by=row.resumedBy,
        trouble=row.trouble,
        detail=row.detail or "",
        total=total,
        outcomes=counts,
        reasons=_counts(row.reasons),
        per_second=row.perSecond,
        waits_for=row.waitsFor,
    )


def _counts(stored: object) -> dict[str, int]:
    """Counts as they were stored; what is none is left out."""
    items = stored.items() if isinstance(stored, dict) else ()
    return {name: count for name, count in items if type(count) is int}
