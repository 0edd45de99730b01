"""Polling: what the CRM says was modified since the last time becomes notices.

It costs what changed, not what exists: hits whose mapped fields are the stored ones are only marked as seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from hamgam.db.engine import Database
from hamgam.errors import SyncError
from hamgam.jobs import queue
from hamgam.model import Change, ChangeNotice, Stream, Trigger
from hamgam.sync.beginning import believable, remember_where_polling_starts
from hamgam.sync.checksum import customer_checksum, is_one_version
from hamgam.sync.site import Site
from hamgam.sync.suspicion import too_many
from hamgam.trail import attention, cursor, mapping
from hamgam.trail.attention import Asking
from hamgam.trail.mapping import Version
from hamgam.trail.releases import Release

logger = structlog.get_logger()

_GROUP = 500
_CLOCKS_DIFFER = timedelta(minutes=11)
"""The CRM's clock may be so much behind ours, and a second more."""


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
        position = await _usable(site, stream, reached.position)
        try:
            found = await find(site, stream, position - timedelta(seconds=overlap_seconds), Trigger.POLL)
        except SyncError as error:
            failed = failed or error
            continue
        released = reached.release.changes if reached.release else 0
        if found.writes > released and await too_many(site.db, found.writes, max_change_percent):
            logger.warning("poll.held", stream=stream, changes=found.writes)
            await cursor.finish(site.db, stream, site.clock(), held=found.writes)
            continue
        notices = _released(found.notices, reached.release)
        await _queue(site.db, stream, notices, max(position, found.newest))
        await cursor.finish(site.db, stream, site.clock())
        queued += len(found.notices)
    if failed is not None:
        raise failed
    return queued


async def _usable(site: Site, stream: Stream, position: datetime) -> datetime:
    """A position in the future was never read there, and nothing would ever be found after it."""
    if believable(position, site.clock()):
        return position
    logger.warning("poll.cursor_unusable", stream=stream)
    await cursor.start_again(site.db, stream)
    return cursor.BEGINNING


async def find(site: Site, stream: Stream, since: datetime, trigger: Trigger) -> Found:
    """Notices for what was modified at or after `since` and is not in step already."""
    notices: list[ChangeNotice] = []
    newest, writes = since, 0
    async for page in site.crm.changes(stream, since):
        news = await _news(site.db, page, by_person=trigger is Trigger.MANUAL)
        notices += [_notice(change, trigger) for change, _ in news]
        writes += sum(mapped for _, mapped in news)
        moments = (change.modified_at for change in page)
        newest = max([newest, *(moment for moment in moments if believable(moment, site.clock()))])
    return Found(tuple(notices), newest, writes)


async def _news(db: Database, page: Sequence[Change], *, by_person: bool) -> list[tuple[Change, bool]]:
    """The changes that need a look, each with whether it is of a mapped customer.

    A failure that stands or was dismissed is left alone, unless a person wants to see it tried again.
    """
    known = await mapping.versions(db, page)
    asking = await attention.asking(db, [change.key.crm_id for change in page])
    news, in_step = [], []
    for change in page:
        version, asks = known.get(change.key), asking.get(change.key, [])
        if _seen(change, version) or (_stands(change, asks) and not by_person):
            continue
        settled = all(one.dismissed for one in asks)
        if version and settled and _holds_what_is_stored(change, version):
            in_step.append((version.mapping_id, change.modified_at))
        else:
            news.append((change, version is not None and change.customer is not None))
    await mapping.mark_seen(db, in_step)
    return news


def _stands(change: Change, asks: Sequence[Asking]) -> bool:
    """Whether another look at this version would only fail in the same way."""
    return any(one.in_doubt or _same_version(change.modified_at, one) for one in asks)


def _same_version(modified_at: datetime, asks: Asking) -> bool:
    """A time in whole seconds names two saves, unless the look came when its second was surely over."""
    over = asks.looked_at - modified_at > _CLOCKS_DIFFER
    return asks.version == modified_at and (over or is_one_version(modified_at))


def _seen(change: Change, version: Version | None) -> bool:
    """Whether this very version was looked at. Of a customer the hit tells more than a time in seconds."""
    same = version is not None and version.crm_updated_at == change.modified_at
    return same and (change.customer is None or is_one_version(change.modified_at))


def _holds_what_is_stored(change: Change, version: Version) -> bool:
    customer = change.customer
    return customer is not None and customer_checksum(customer.number, customer.fields) == version.checksum


def _notice(change: Change, trigger: Trigger) -> ChangeNotice:
    seen = {"modifiedAt": change.modified_at.isoformat()}
    return ChangeNotice(key=change.key, trigger=trigger, kind=change.kind, payload=seen)


def _released(notices: Sequence[ChangeNotice], release: Release | None) -> Sequence[ChangeNotice]:
    """The story of each record will tell why it had to wait."""
    if release is None:
        return notices
    return [replace(notice, payload={**notice.payload, **release.as_payload()}) for notice in notices]


async def _queue(db: Database, stream: Stream, notices: Sequence[ChangeNotice], position: datetime) -> None:
    """Queue in groups; the cursor moves with the last one."""
    groups = list(_groups(notices)) or [()]
    for number, group in enumerate(groups, start=1):
        async with db.transaction() as connection:
            await queue.enqueue(connection, group)
            if number == len(groups):
                await cursor.advance(connection, stream, position)


def _groups(notices: Sequence[ChangeNotice]) -> Iterable[Sequence[ChangeNotice]]:
    return (notices[start : start + _GROUP] for start in range(0, len(notices), _GROUP))
