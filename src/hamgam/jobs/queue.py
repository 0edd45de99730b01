"""The queue of entities to look at: at most one job per entity runs, and at most one more waits.

Jobs are rows of Procrastinate's own table. They are inserted by our own statement because a notice for an
entity that waits already is good news and must not abort the transaction that it arrives in: the job engine's
own way raises there, and cannot put a notice and its job into one commit together with others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Executable,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.rows import as_parameter, insert_given
from hamgam.errors import Reason
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Kind, TransactionId, Trigger
from hamgam.sync.decide import AFTER

SYNCS, CHORES, IMPORTS = "hamgam", "hamgam chores", "hamgam imports"
"""The queues: a worker serves each on its own, so that none holds up another."""
SYNC_TASK, IMPORT_TASK, POLL_TASK, BULK_TASK = "sync", "import", "poll", "bulk"
_QUEUES = {SYNC_TASK: SYNCS, IMPORT_TASK: IMPORTS}
_PRIORITY = {Trigger.MANUAL: 10, Trigger.WEBHOOK: 5}

_jobs = Table(
    "procrastinate_jobs",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("queue_name", Text),
    Column("task_name", Text),
    Column("priority", Integer),
    Column("lock", Text),
    Column("queueing_lock", Text),
    Column("args", JSONB),
    Column("status", Text),
    Column("scheduled_at", DateTime(timezone=True)),
)
_TODO = text("status = 'todo'::procrastinate_job_status")
_NO_ECHO = _jobs.c.args.op("||")(text("""'{"transaction_id": null}'::jsonb"""))


async def enqueue(
    connection: AsyncConnection,
    notices: Iterable[ChangeNotice],
    *,
    at: datetime | None = None,
    now: bool = False,
) -> None:
    """Make sure that each entity is looked at, within the caller's transaction.

    An entity that waits already keeps its place: a look that is scheduled (time gate, back-off) comes when it
    is due. `at` moves it forward to an earlier time, and `now` (a person asks) runs it at once. Its one look
    counts as an echo of our own write only while all that came are echoes of that write.
    """
    rows = {key: _row(notice, at) for key, notice in _one_each(notices).items()}
    if rows:
        # In one order everywhere: two transactions that queue the same entities must not wait for each other.
        in_order = sorted(rows.values(), key=lambda row: str(row["queueing_lock"]))
        await _insert(connection, in_order, at, now)


async def put_off(connection: AsyncConnection, key: EntityKey, until: datetime) -> None:
    """Let the look that waits for this entity come no sooner than `until`, unless a person asked for it."""
    waits = (_jobs.c.queueing_lock == str(key), _TODO, _jobs.c.priority < _PRIORITY[Trigger.MANUAL])
    later = func.greatest(_jobs.c.scheduled_at, until)
    await connection.execute(update(_jobs).where(*waits).values(scheduled_at=later))


async def hurry(db: Database, reasons: Iterable[Reason]) -> None:
    """Let the looks that wait because of these come at once; one that is being queued anew keeps its time."""
    because = _jobs.c.args["payload"][AFTER].as_string().in_(list(reasons))
    later = (_jobs.c.task_name == SYNC_TASK, _TODO, _jobs.c.scheduled_at > func.now(), because)
    free = select(_jobs.c.id).where(*later).with_for_update(skip_locked=True)
    await db.execute(update(_jobs).where(_jobs.c.id.in_(free)).values(scheduled_at=func.now()))


async def enqueue_task(
    connection: AsyncConnection, task: str, args: Mapping[str, Any], at: datetime | None
) -> None:
    """Schedule the one waiting job of a task that exists once in the installation, such as the poll."""
    row = _job(task, task, dict(args), at, priority=20)
    await _insert(connection, [row], at, False)


async def _insert(
    connection: AsyncConnection, rows: list[dict[str, Any]], at: datetime | None, now: bool
) -> None:
    statement = insert_given(_jobs, tuple(rows[0]))
    came = statement.excluded
    other_cause = _other_cause(came)
    changed: dict[str, Any] = {"args": case((other_cause, _NO_ECHO), else_=_jobs.c.args)}
    if now:
        changed = {"args": came.args, "priority": came.priority, "scheduled_at": null()}
    elif at is not None:
        changed["scheduled_at"] = _earlier(came.scheduled_at)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["queueing_lock"],
            index_where=_TODO,
            set_=changed,
            where=None if now or at is not None else other_cause,
        ),
        as_parameter(rows),
    )


def _other_cause(came: Any) -> Any:
    """Whether the job that waits is not the echo of what the one that comes is the echo of."""
    return _cause(_jobs.c.args).is_distinct_from(_cause(came.args))


def _cause(args: Any) -> Any:
    """The transaction of ours that a job's notice is the echo of, or NULL."""
    return args["transaction_id"].as_string()


def _one_each(notices: Iterable[ChangeNotice]) -> dict[EntityKey, ChangeNotice]:
    """One notice for each entity; where they differ in their cause, it is no echo of ours."""
    merged: dict[EntityKey, ChangeNotice] = {}
    for notice in notices:
        earlier = merged.get(notice.key, notice)
        echo = notice.transaction_id == earlier.transaction_id
        merged[notice.key] = notice if echo else replace(notice, transaction_id=None)
    return merged


def _earlier(at: Any) -> Any:
    """The earlier of the time that stands and `at`; no time means at once."""
    stands = _jobs.c.scheduled_at
    return case((stands.is_(None), null()), else_=func.least(stands, at))


def _row(notice: ChangeNotice, at: datetime | None) -> dict[str, Any]:
    args = {
        "entity": notice.key.entity,
        "crm_id": notice.key.crm_id,
        "trigger": notice.trigger,
        "kind": notice.kind,
        "transaction_id": str(notice.transaction_id) if notice.transaction_id else None,
        "payload": dict(notice.payload),
    }
    return _job(SYNC_TASK, str(notice.key), args, at, _PRIORITY.get(notice.trigger, 0))


def _job(task: str, lock: str, args: dict[str, Any], at: datetime | None, priority: int) -> dict[str, Any]:
    return {
        "queue_name": _QUEUES.get(task, CHORES),
        "task_name": task,
        "priority": priority,
        "lock": lock,
        "queueing_lock": lock,
        "args": args,
        "scheduled_at": at,
    }


def notice_of(args: Mapping[str, Any]) -> ChangeNotice | None:
    """The notice that a sync job carries, which another version may have stored; None: it names no entity."""
    entity, crm_id, payload = args.get("entity"), args.get("crm_id"), args.get("payload")
    if entity not in list(Entity) or not isinstance(crm_id, str) or not crm_id:
        return None
    return ChangeNotice(
        key=EntityKey(Entity(entity), CrmId(crm_id)),
        trigger=_trigger(args.get("trigger")),
        kind=next((kind for kind in Kind if kind == args.get("kind")), None),
        transaction_id=_transaction_id(args.get("transaction_id")),
        payload=payload if isinstance(payload, dict) else {},
    )


def _trigger(stored: object) -> Trigger:
    return next((trigger for trigger in Trigger if trigger == stored), Trigger.POLL)


def _transaction_id(stored: object) -> TransactionId | None:
    """One that cannot be read is none of ours, so the entity is looked at."""
    try:
        return TransactionId(UUID(stored)) if isinstance(stored, str) else None
    except ValueError:
        return None


async def depth(db: Database) -> int:
    """How many entities wait or are worked on."""
    counted = await db.execute(
        select(func.count())
        .select_from(_jobs)
        .where(_jobs.c.task_name == SYNC_TASK, text("status IN ('todo', 'doing')"))
    )
    return int(counted.scalar_one())


async def oldest_waiting_seconds(db: Database) -> float:
    """How long the entity that has waited longest has been due; 0 when none is."""
    waited = await db.execute(
        text(
            "SELECT coalesce(extract(epoch FROM now() - min(greatest(e.at, j.scheduled_at))), 0)"
            " FROM procrastinate_jobs j JOIN procrastinate_events e ON e.job_id = j.id"
            " WHERE e.type = 'deferred' AND j.status = 'todo' AND j.task_name = :task"
            " AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
        ),
        {"task": SYNC_TASK},
    )
    return float(waited.scalar_one())


async def without_job(db: Database) -> list[ChangeNotice]:
    """Entities whose sync is open in the log while no job will ever go on with it.

    This happens when a process died that ran a sync by hand, or a job was aborted at shutdown.
    """
    rows = await db.execute(
        text(
            'SELECT "sourceEntity", "sourceEntityId", "triggerType" FROM "SyncLog" s'
            " WHERE status IN ('PENDING', 'IN_PROGRESS') AND direction = 'CRM_TO_FINANCE'"
            """ AND "sourceEntity" IN ('customer', 'invoice', 'quote')"""
            " AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.status IN ('todo', 'doing')"
            """ AND j.lock = s."sourceEntity" || ':' || s."sourceEntityId")"""
        )
    )
    return [
        ChangeNotice(
            key=EntityKey(Entity(row.sourceEntity), CrmId(row.sourceEntityId)),
            trigger=_trigger(row.triggerType),
            payload={"resumed": True},
        )
        for row in rows
    ]


async def broken_off(db: Database) -> list[int]:
    """Syncs that ended without an outcome, because the database went away or their worker had to stop."""
    found = await db.execute(
        select(_jobs.c.id)
        .where(_jobs.c.task_name == SYNC_TASK, text("status IN ('failed', 'aborted')"))
        .order_by(_jobs.c.id)
    )
    return list(found.scalars())


async def release(db: Database, job_id: int) -> bool:
    """Put a job back that nobody goes on with; answers whether it was there to be put back.

    It comes back under a new id: whoever had it and was only held up cannot end it any more. Where a
    follow-up for its entity waits already, that serves for both. One statement, so it happens once.
    """
    return bool((await db.execute(_releasing(), {"job": job_id})).scalar_one())


@cache
def _releasing() -> Executable:
    left = (_jobs.c.id == bindparam("job"), text("status IN ('doing', 'failed', 'aborted')"))
    gone = delete(_jobs).where(*left).returning(*(_jobs.c[name] for name in _KEPT)).cte("gone")
    statement = insert(_jobs).from_select(_KEPT, select(*gone.c), include_defaults=False)
    back = statement.on_conflict_do_update(
        index_elements=["queueing_lock"],
        index_where=_TODO,
        set_={"args": _NO_ECHO},
        where=_other_cause(statement.excluded),
    )
    return select(func.count()).select_from(gone).add_cte(back.returning(_jobs.c.id).cte("back"))


_KEPT = ("queue_name", "task_name", "priority", "lock", "queueing_lock", "args")


async def drop_unusable(db: Database) -> list[int]:
    """Delete what ended and is not a sync, and what cannot even be called with its arguments."""
    ended = text("status IN ('failed', 'aborted', 'cancelled')")
    uncallable = text("status <> 'doing' AND (jsonb_typeof(args) <> 'object' OR jsonb_exists(args, 'self'))")
    unusable = or_(and_(ended, _jobs.c.task_name != SYNC_TASK), uncallable)
    dropped = await db.execute(delete(_jobs).where(unusable).returning(_jobs.c.id))
    return list(dropped.scalars())


async def exists(db: Database, task: str) -> bool:
    """Whether a job of this task waits or runs."""
    found = await db.execute(
        select(_jobs.c.id).where(_jobs.c.task_name == task, text("status IN ('todo', 'doing')")).limit(1)
    )
    return found.first() is not None
