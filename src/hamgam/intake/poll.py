"""Polling: what the CRM says was modified since the last time becomes notices.

It costs what changed, not what exists: hits whose mapped fields are the stored ones are only marked as seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from hamgam.db.engine import Database
from hamgam.errors import SyncError
from hamgam.jobs import queue
from hamgam.model import Change, ChangeNotice, Stream, Trigger
from hamgam.sync.beginning import believable, remember_where_polling_starts
from hamgam.sync.checksum import customer_checksum
from hamgam.sync.site import Site
from hamgam.sync.suspicion import too_many
from hamgam.trail import cursor, mapping

logger = structlog.get_logger()

_GROUP = 500


@dataclass(frozen=True, slots=True)
class Found:
    """What one stream holds since a point in time."""

    notices: tuple[ChangeNotice, ...]
    newest: datetime
    writes: int
    """How many of them would write to a customer that is mapped."""


async def poll(site: Site, *, overlap_seconds: float, max_change_percent: int) -> int:
    """Look at every stream once and queue what changed; answers how many entities were queued.

    A stream's cursor moves in the same commit as the notices. Suspiciously many changes are held back:
    nothing is queued, the cursor stays, and the number is stored for `status`. Raises the `SyncError` of a
    stream that could not be read once the others have been looked at.
    """
    await remember_where_polling_starts(site)
    cursors = await cursor.load(site.db)
    queued, failed = 0, None
    for stream, reached in cursors.items():
        position = reached.position
        try:
            found = await find(site, stream, position - timedelta(seconds=overlap_seconds), Trigger.POLL)
        except SyncError as error:
            failed = failed or error
            continue
        if await too_many(site.db, found.writes, max_change_percent):
            logger.warning("poll.held", stream=stream, changes=found.writes)
            await cursor.finish(site.db, stream, site.clock(), held=found.writes)
            continue
        await _queue(site.db, stream, found, max(position, found.newest))
        await cursor.finish(site.db, stream, site.clock())
        queued += len(found.notices)
    if failed is not None:
        raise failed
    return queued


async def find(site: Site, stream: Stream, since: datetime, trigger: Trigger) -> Found:
    """Notices for what was modified at or after `since` and is not in step already."""
    notices: list[ChangeNotice] = []
    newest, writes = since, 0
    async for page in site.crm.changes(stream, since):
        news = await _news(site.db, page)
        notices += [_notice(change, trigger) for change, _ in news]
        writes += sum(mapped for _, mapped in news)
        moments = (change.modified_at for change in page)
        newest = max([newest, *(moment for moment in moments if believable(moment, site.clock()))])
    return Found(tuple(notices), newest, writes)


async def _news(db: Database, page: Sequence[Change]) -> list[tuple[Change, bool]]:
    """The changes that need a look, each with whether it is of a mapped customer."""
    known = await mapping.versions(db, page)
    news, in_step = [], []
    for change in page:
        version = known.get(change.key)
        if version is not None and version.crm_updated_at == change.modified_at:
            continue
        customer = change.customer
        if version and customer and customer_checksum(customer.number, customer.fields) == version.checksum:
            in_step.append((version.mapping_id, change.modified_at))
        else:
            news.append((change, version is not None and change.customer is not None))
    await mapping.mark_seen(db, in_step)
    return news


def _notice(change: Change, trigger: Trigger) -> ChangeNotice:
    seen = {"modifiedAt": change.modified_at.isoformat()}
    return ChangeNotice(key=change.key, trigger=trigger, kind=change.kind, payload=seen)


async def _queue(db: Database, stream: Stream, found: Found, position: datetime) -> None:
    """Queue in groups; the cursor moves with the last one."""
    groups = list(_groups(found.notices)) or [()]
    for number, group in enumerate(groups, start=1):
        async with db.transaction() as connection:
            await queue.enqueue(connection, group)
            if number == len(groups):
                await cursor.advance(connection, stream, position)


def _groups(notices: Sequence[ChangeNotice]) -> Iterable[Sequence[ChangeNotice]]:
    return (notices[start : start + _GROUP] for start in range(0, len(notices), _GROUP))
