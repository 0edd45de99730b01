"""What the installation is doing, as `hamgam status` and the web service tell it: values that become JSON."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import Stream
from hamgam.persian import TEHRAN
from hamgam.trail import listing, numbers
from hamgam.trail.listing import Wanted
from hamgam.trail.numbers import PollState

Clock = Callable[[], datetime]
"""Aware UTC."""
_WORKER_SECONDS = 30


class _Part(BaseModel):
    """Of the document of `hamgam status --json`, whose names stay."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class SystemStatus(_Part):
    state: str
    """`ok`, the reason code of the last failed call, or `unknown` before the first one."""
    since: datetime | None
    last_contact: datetime | None


class SyncCounts(_Part):
    """By status; a day is a day in Tehran."""

    today: dict[str, int]
    last_24h: dict[str, int]
    all: dict[str, int]


class StreamPoll(_Part):
    at: datetime | None
    cursor: datetime
    held: int | None
    """Changes that were found and not queued, because they are suspiciously many."""


class LastPoll(_Part):
    at: datetime | None
    """When polling last ended well."""
    cursor: datetime | None
    """The newest change that it knows of, by the CRM's clock."""
    streams: dict[str, StreamPoll]


class StatusReport(_Part):
    queue_depth: int
    oldest_waiting_seconds: float
    needs_attention: int
    mappings: dict[str, int]
    """By type of entity."""
    syncs: SyncCounts
    last_poll: LastPoll
    systems: dict[str, SystemStatus]
    """`crm` and `finance`."""


async def status(db: Database, clock: Clock) -> StatusReport:
    now = clock()
    every, today, last_24h = await numbers.sync_counts(db, start_of_day(now), now - timedelta(hours=24))
    return StatusReport(
        queue_depth=await queue.depth(db),
        oldest_waiting_seconds=round(await queue.oldest_waiting_seconds(db), 3),
        needs_attention=await numbers.attention_count(db),
        mappings=_named(await numbers.mapping_counts(db)),
        syncs=SyncCounts(today=_named(today), last_24h=_named(last_24h), all=_named(every)),
        last_poll=_last_poll(await numbers.poll_states(db)),
        systems=await remote_systems(db),
    )


async def remote_systems(db: Database) -> dict[str, SystemStatus]:
    states = await numbers.remote_states(db)
    return {
        system.value: SystemStatus(state=found.state, since=found.since, last_contact=found.last_contact)
        for system, found in states.items()
    }


async def recent_syncs(
    db: Database,
    *,
    limit: int,
    status: str | None = None,
    entity: str | None = None,
    trigger: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of the sync log, newest first, by the names of their columns.

    `entity` is an id of either system.
    """
    statuses = frozenset() if status is None else frozenset({status})
    wanted = Wanted(statuses=statuses, entity=entity, trigger=trigger)
    return [plain(row) for row in (await listing.page(db, wanted, limit, columns=listing.WHOLE)).rows]


async def workers(db: Database, *, here: bool) -> int:
    """Workers of all processes that gave a sign of life lately; `here`: this process is one of them."""
    return max(await numbers.worker_count(db, _WORKER_SECONDS), int(here))


def _last_poll(polls: Mapping[Stream, PollState]) -> LastPoll:
    return LastPoll(
        at=max((poll.at for poll in polls.values() if poll.at), default=None),
        cursor=max((poll.cursor for poll in polls.values()), default=None),
        streams={
            stream.value: StreamPoll(at=poll.at, cursor=poll.cursor, held=poll.held)
            for stream, poll in polls.items()
        },
    )


def start_of_day(now: datetime) -> datetime:
    """The last midnight in Tehran."""
    return datetime.combine(now.astimezone(TEHRAN).date(), time(), tzinfo=TEHRAN)


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _named(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): count for name, count in counts.items()}


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the log, ready for JSON."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, UUID) else value
