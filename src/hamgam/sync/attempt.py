"""The shell around one attempt of any flow: the entity's lock, the loop checks, the log row, the failures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hamgam.db.engine import DATABASE_GONE
from hamgam.errors import Conflict, InDoubt, Reason, SyncError
from hamgam.model import (
    ChangeNotice,
    EntityMapping,
    Fields,
    FinanceId,
    Kind,
    Operation,
    Status,
    System,
)
from hamgam.sync.decide import Ask, Skip, Wait, before_reading
from hamgam.sync.failure import LANDING_SECONDS, unusable, verdict
from hamgam.sync.fields import FieldChange
from hamgam.sync.site import Outcome, Place, Site
from hamgam.systems.lease import Lease, holding
from hamgam.trail import log, mapping
from hamgam.trail.log import Attempt, Ending, Intent, TakenOver


@dataclass(slots=True)
class Story:
    """What one attempt has learned so far; it goes into the log however the attempt ends."""

    site: Site
    notice: ChangeNotice
    known: EntityMapping | None
    attempt: Attempt
    operation: Operation = Operation.NONE
    kind: Kind | None = None
    finance_id: FinanceId | None = None
    source: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    lost: Intent | None = None
    """An earlier write of an entity that is not mapped yet: nobody knows whether it happened."""
    sent: bool = False
    """Whether this attempt has noted a write of its own, which replaces an earlier one's."""
    place: Place = field(default_factory=Place)
    """Held while the remote systems are spoken to, and left meanwhile: others may speak then."""
    outages_before: Mapping[System, int] = field(default_factory=dict)
    """Outages that were over when this attempt began."""

    @asynccontextmanager
    async def writing(
        self,
        operation: Operation,
        fields: Fields,
        number: str = "",
        *,
        finance_id: FinanceId | None = None,
        checksum: str | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[None]:
        """Make the write inside known, durably, before it leaves. Raises `TakenOver`, also late.

        A process that has to stop while it still waits for its turn leaves no doubt behind.
        """
        self.operation = operation
        intent = Intent(
            operation=operation,
            transaction_id=self.attempt.transaction_id,
            number=number,
            fields=fields,
            finance_id=finance_id,
            checksum=checksum,
            document=document,
        )

        async def note() -> None:
            await log.note_intent(self.site.db, self.attempt, replace(intent, noted_at=self.site.clock()))

        lease = Lease(note, self.site.monotonic)
        self.place.leave()
        try:
            await lease.renew()
            await self.place.take()
            self.sent = True
            with holding(lease):
                yield
        except asyncio.CancelledError:
            if not lease.used:
                await asyncio.shield(self._take_back())
            raise

    async def _take_back(self) -> None:
        """Not by the connection that holds the lock: a statement that was broken off has cost it its life."""
        with suppress(*DATABASE_GONE):
            await log.take_back_intent(self.site.db.unlocked, self.attempt)

    def conflict(self, ask: Ask) -> Conflict:
        """The decision to ask a person, as an error; a block keeps saying why it is there."""
        blocked = self.known.blocked if self.known else None
        return Conflict(ask.reason, blocked or ", ".join(ask.finance_ids))

    def ending(self, status: Status, reason: Reason | None = None, message: str = "") -> Ending:
        return Ending(
            status=status,
            operation=self.operation,
            reason=reason,
            message=message,
            target_id=self.finance_id,
            mapping_id=self.known.id if self.known else None,
            kind=self.kind,
            source=self.source,
            before=self.before,
            after=self.after,
        )


Flow = Callable[[Story], Awaitable[Outcome]]

BUSY_SECONDS = 2
"""When to look again at an entity that somebody else is working on."""


async def run(
    site: Site, notice: ChangeNotice, flow: Flow, *, repeatable: bool, wait: bool = False
) -> Outcome:
    """Take the entity, check for loops, and run the flow with an open log row.

    `repeatable` says whether a create whose answer was lost can be looked for. An update
    can always be repeated.
    Where another process has the entity, `wait` waits for it; otherwise the outcome asks for a later look.
    Every `SyncError` becomes an outcome; other exceptions are defects and pass through.
    """
    async with site.db.locked(str(notice.key), wait=wait) as held:
        if held is None:
            again = site.clock() + timedelta(seconds=BUSY_SECONDS)
            return Outcome(key=notice.key, status=Status.PENDING, again_at=again)
        own = replace(site, db=held)
        known = await mapping.by_crm_id(held, notice.key.entity.entity_type, notice.key.crm_id)
        skipped = await _checked(own, notice, known)
        return skipped or await _attempt(own, notice, known, flow, repeatable)


async def _checked(site: Site, notice: ChangeNotice, known: EntityMapping | None) -> Outcome | None:
    now = site.clock()
    match before_reading(notice, known, now, site.rules.gate_seconds):
        case Skip(reason):
            again = None
        case Wait(until):
            reason, again = Reason.TIME_GATE, until
        case None:
            return None
    await log.note_skip(
        site.db, notice.key, notice.trigger, notice.payload, site.new_transaction(), reason, now
    )
    finance_id = known.finance_id if known else None
    return Outcome(
        key=notice.key, status=Status.SKIPPED, reason=reason, finance_id=finance_id, again_at=again
    )


async def _attempt(
    site: Site, notice: ChangeNotice, known: EntityMapping | None, flow: Flow, repeatable: bool
) -> Outcome:
    attempt = await log.open_attempt(
        site.db, notice.key, notice.trigger, notice.payload, site.new_transaction(), site.clock()
    )
    if known and attempt.intent:
        # Its outcome is not known, so neither is what finance holds: equal checksums would prove nothing.
        known = replace(known, crm_checksum=None, finance_checksum=None)
    finance_id = known.finance_id if known else None
    story = Story(
        site,
        notice,
        known,
        attempt,
        finance_id=finance_id,
        place=Place(site.places),
        outages_before=site.outages_over(),
    )
    if repeatable and (landed := _landed_at(attempt.intent)) and landed > site.clock():
        return await _wait_for_landing(story, landed)
    try:
        await story.place.take()
        story.attempt = replace(attempt, begun_at=site.clock())
        return await _run(story, flow, repeatable)
    except TakenOver as error:
        return Outcome(key=notice.key, status=Status.SKIPPED, reason=error.reason)
    finally:
        story.place.leave()


def _landed_at(left: Intent | None) -> datetime | None:
    """When a write that an earlier attempt was about to send has surely arrived or never will."""
    return left.noted_at + timedelta(seconds=LANDING_SECONDS) if left and left.noted_at else None


async def _wait_for_landing(story: Story, landed: datetime) -> Outcome:
    """Whoever was sending it may be at it still, with a broken connection to the database behind it."""
    ending = replace(story.ending(Status.PENDING, Reason.ANSWER_LOST), keep_intent=True)
    await log.postpone(story.site.db, story.attempt, ending, story.site.clock(), counts=False)
    return replace(outcome(story, ending), again_at=landed)


async def _run(story: Story, flow: Flow, repeatable: bool) -> Outcome:
    try:
        return await flow(story)
    except TakenOver:
        raise
    except SyncError as error:
        return await _failed(story, error, repeatable)


async def _failed(story: Story, error: SyncError, repeatable: bool) -> Outcome:
    site, attempt = story.site, story.attempt
    what_next = verdict(
        error,
        retries_used=attempt.retry_count,
        retries_allowed=site.rules.retries_allowed,
        repeatable=repeatable or story.known is not None,
        outage=await site.is_outage(error, story.outages_before),
        now=site.clock(),
        random=site.random,
    )
    ending = replace(
        story.ending(what_next.status, error.reason, error.detail),
        keep_intent=_may_be_written(story, error),
    )
    if what_next.again_at is not None:
        await log.postpone(site.db, attempt, ending, site.clock(), counts=what_next.counts)
    else:
        await _close(story, ending)
    return replace(
        outcome(story, ending),
        again_at=what_next.again_at,
        counts=what_next.counts,
        system=unusable(error),
    )


def _may_be_written(story: Story, error: SyncError) -> bool:
    """Whether finance may hold what no mapping says.

    A create that could not be bound has happened, and so may one whose contact was found and not linked.
    """
    created = isinstance(error, Conflict) and story.operation is Operation.CREATE
    found = story.lost is not None and story.finance_id is not None and not isinstance(error, Conflict)
    return isinstance(error, InDoubt) or created or found or not story.sent


async def _close(story: Story, ending: Ending) -> None:
    async with story.site.db.transaction() as connection:
        if story.known and ending.reason is Reason.OTHER_CODE:
            await mapping.block(connection, story.known.id, ending.message)
        if ending.keep_intent and (story.sent or story.attempt.intent):
            await mapping.forget_checksums(connection, story.notice.key)
        await log.close(connection, story.attempt, ending, story.site.clock())


def version(modified_at: datetime | None) -> str | None:
    """A modification time, for the source data of the log."""
    return modified_at.isoformat() if modified_at else None


def failed_plan(notice: ChangeNotice, error: SyncError) -> Outcome:
    """How a dry run ends that could not read what it needs."""
    return Outcome(
        key=notice.key,
        status=Status.FAILED,
        reason=error.reason,
        message=error.detail,
        system=unusable(error),
    )


def outcome(
    story: Story,
    ending: Ending,
    *,
    changes: tuple[FieldChange, ...] = (),
) -> Outcome:
    return Outcome(
        key=story.notice.key,
        status=ending.status,
        operation=ending.operation,
        reason=ending.reason,
        message=ending.message,
        finance_id=story.finance_id,
        changes=changes,
    )
