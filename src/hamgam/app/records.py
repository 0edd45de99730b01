"""Records and their stories as a person may see them: what the pages show and the API answers."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hamgam.app.masking import masked_json, masked_message, masked_text
from hamgam.app.status import Clock
from hamgam.app.telling import event_of
from hamgam.db.engine import Database
from hamgam.jobs.asking import BY, Look, ask, looks
from hamgam.model import CrmId, Direction, Entity, EntityKey, EntityType, Fields, Kind, Trigger
from hamgam.people.roles import Person, Role
from hamgam.persian import to_latin_digits
from hamgam.remote_errors import RemoteError, explain
from hamgam.sync.fields import differences
from hamgam.trail import numbers, records, timeline
from hamgam.trail.attempts import Ended, ended_attempts
from hamgam.trail.attention import Asked, retries
from hamgam.trail.imports import CONTACT
from hamgam.trail.log import ATTENTION
from hamgam.trail.place import Place, place_of
from hamgam.trail.records import Found, Hits, Keys, Sought
from hamgam.trail.releases import Release, release_in
from hamgam.trail.stored import text_of
from hamgam.trail.timeline import Event, What

ROWS = 50
MOST_CHARACTERS = 200
"""Of a search."""
EVENTS = 25
MOST_OF_A_MARK = 64
"""Characters of what tells one click from another."""
_DOCUMENTS = 20
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_CODE = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a story."""

    at: datetime
    what: What
    id: UUID
    """Of the log row; of a notice, its own."""
    event: str = ""
    """What a notice says has happened."""
    entity_type: str = ""
    status: str = ""
    operation: str = ""
    reason: str | None = None
    message: str = ""
    known: RemoteError | None = None
    """What the remote system said of a problem, where its text is a known one."""
    trigger: str = ""
    back: bool = False
    """From finance to the CRM, as the initial import goes."""
    changed: tuple[str, ...] = ()
    """Names of the fields that a write has changed in finance."""
    target_id: str | None = None
    by: str | None = None
    """The person who asked for the sync, or who has settled it."""
    attempts: tuple[Ended, ...] = ()
    """Those before the latest one, the first of them first."""
    retries: tuple[Asked, ...] = ()
    """Who has put it back, and when."""
    release: Release | None = None
    """Where polling had held it back."""
    settled_at: datetime | None = None
    settled_by: str | None = None
    resolution: Any = None

    @property
    def attention(self) -> bool:
        """Whether it still asks for a person."""
        return self.what is What.SYNC and self.status in ATTENTION and self.settled_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is known of one record."""

    record: Found
    looks: list[Look]
    events: list[Told]
    older: str | None
    """Where the next page of events begins."""
    documents: list[Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedRecords:
    """A page of the records that are linked, the last one first."""

    count: int
    """Of all pages."""
    records: list[Found]
    older: str | None
    """Where the next page begins."""


_NO_PLACE = "before: not a place in this list"


class WrongPlace(ValueError):
    """Where a page is said to begin is no place in a list that goes by time."""


def key_of(entity: str, record: str) -> EntityKey | None:
    """The key that an address names; None for what can be none."""
    if entity not in list(Entity) or not _GUID.fullmatch(record):
        return None
    return EntityKey(Entity(entity), CrmId(record.lower()))


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


async def search(db: Database, person: Person, query: str, before: str = "", limit: int = ROWS) -> Hits:
    """What a query finds, a page of it. Raises `WrongPlace`."""
    hits = await records.search(db, _sought(person, query), limit, _start(before))
    return replace(hits, records=[_seen(each, person) for each in hits.records])


async def matching(db: Database, person: Person, query: str) -> Keys:
    """All that a query finds, by its keys."""
    return await records.keys(db, _sought(person, query))


def _sought(person: Person, query: str) -> Sought:
    """Whoever may search for a part of a value can put the value together from such parts.

    So a viewer finds by whole ids, and by whole numbers that are shown to viewers, and by nothing that is
    masked.
    """
    query = query[:MOST_CHARACTERS]
    if person.role.may(Role.OPERATOR):
        return records.by_words(query)
    return records.by_number(query, _shown_number(query))


async def linked(
    db: Database, person: Person, entity_type: EntityType, before: str = "", limit: int = ROWS
) -> LinkedRecords:
    """What has a counterpart in finance. Raises `WrongPlace`."""
    found, older = await records.linked(db, entity_type, limit, _start(before))
    counts = await numbers.mapping_counts(db)
    return LinkedRecords(
        count=counts[entity_type],
        records=[_seen(each, person) for each in found],
        older=str(older) if older else None,
    )


async def known(db: Database, person: Person, key: EntityKey) -> Found | None:
    """A record of the CRM without its story; None where nothing is known of it."""
    record = await records.one(db, key.entity, key.crm_id)
    if record is None and await looks(db, key):
        record = _unheard_of(key)
    return record and _seen(record, person)


async def sync_now(db: Database, person: Person, key: EntityKey, asked: str, clock: Clock) -> bool:
    """Have a record looked at as soon as a worker is free, also one that nothing is known of yet.

    `asked` tells one click from another; False where the same was asked before.
    """
    record = await records.one(db, key.entity, key.crm_id)
    kind = next((kind for kind in Kind if record and record.kind == kind), None)
    mark = asked[:MOST_OF_A_MARK] or clock().isoformat()
    return await ask(db, key, kind, by=person.name, page=mark)


async def story(
    db: Database, person: Person, entity: str, record: str, before: str = "", limit: int = EVENTS
) -> Story | None:
    """What is known of the record that an address names; None where it is nothing. Raises `WrongPlace`."""
    start = _start(before)
    if entity == CONTACT:
        return await _contact_story(db, person, record, start, limit) if is_code(record) else None
    key = key_of(entity, record)
    return await _crm_story(db, person, key, start, limit) if key else None


def _start(before: str) -> Place | None:
    try:
        place = place_of(before) if before else None
    except ValueError:
        raise WrongPlace(_NO_PLACE) from None
    if place is not None and place.newer:
        raise WrongPlace(_NO_PLACE)
    return place


async def _crm_story(
    db: Database, person: Person, key: EntityKey, before: Place | None, limit: int
) -> Story | None:
    record, waiting = await records.one(db, key.entity, key.crm_id), await looks(db, key)
    if record is None and not waiting:
        return None
    record = record or _unheard_of(key)
    documents = []
    if key.entity is Entity.CUSTOMER and before is None:
        documents = await records.documents(db, key.crm_id, _DOCUMENTS)
    contact = record.finance_id if key.entity is Entity.CUSTOMER else None
    return await _told(db, person, record, contact, before, limit, waiting, documents)


async def _contact_story(
    db: Database, person: Person, code: str, before: Place | None, limit: int
) -> Story | None:
    record = await records.one(db, CONTACT, code)
    if record is None:
        return None
    return await _told(db, person, record, None, before, limit, [], [])


async def _told(
    db: Database,
    person: Person,
    record: Found,
    contact: str | None,
    before: Place | None,
    limit: int,
    waiting: list[Look],
    documents: list[Found],
) -> Story:
    events = await timeline.timeline(db, record.entity, record.id, contact, before=before, limit=limit + 1)
    masks = not person.role.may(Role.OPERATOR)
    return Story(
        record=_seen(record, person),
        looks=waiting,
        events=[_masked(told) if masks else told for told in map(_event, events[:limit])],
        older=str(events[limit - 1].place) if len(events) > limit else None,
        documents=[_seen(each, person) for each in documents],
    )


def _shown_number(query: str) -> str | None:
    """The query as a number of which a viewer is shown every digit; None where it can be none."""
    number = to_latin_digits(query.strip())
    return number if masked_json(number, "number") == number else None


def _unheard_of(key: EntityKey) -> Found:
    """A record whose first look is still to come."""
    return Found(
        entity=key.entity,
        id=key.crm_id,
        kind=None,
        name="",
        number="",
        customer_id=None,
        customer_name="",
        linked=None,
        last=None,
    )


def _seen(record: Found, person: Person) -> Found:
    if person.role.may(Role.OPERATOR):
        return record
    blocked = record.linked and record.linked.blocked
    return replace(
        record,
        name=masked_text(record.name),
        number=str(masked_json(record.number, "number")),
        customer_name=masked_text(record.customer_name),
        linked=record.linked and replace(record.linked, blocked=masked_message(blocked) if blocked else None),
    )


def _event(event: Event) -> Told:
    what, at, row = event.what, event.at, event.row
    if what is What.NOTICE:
        return Told(at=at, what=what, id=row.id, event=event_of(row.payload))
    if what is What.WORD:
        return Told(at=at, what=what, id=row.id, by=row.resolvedBy, resolution=row.resolution)
    return Told(
        at=at,
        what=what,
        id=row.id,
        entity_type=row.entityType,
        status=row.status,
        operation=row.operation,
        reason=row.reason,
        message=row.errorMessage or "",
        known=explain(row.errorMessage) if row.status in ATTENTION else None,
        trigger=row.triggerType,
        back=row.direction == Direction.FINANCE_TO_CRM,
        changed=_changed(row.targetDataBefore, row.targetDataAfter),
        target_id=row.targetEntityId,
        by=text_of(row.triggerPayload, BY) if row.triggerType == Trigger.MANUAL else None,
        attempts=tuple(ended_attempts(row.attempts)),
        retries=tuple(retries(row.triggerPayload)),
        release=release_in(row.triggerPayload),
        settled_at=row.resolvedAt,
        settled_by=row.resolvedBy,
    )


def _masked(told: Told) -> Told:
    return replace(
        told,
        event=str(masked_json(told.event)),
        message=masked_message(told.message),
        attempts=tuple(replace(ended, message=masked_message(ended.message)) for ended in told.attempts),
        resolution=masked_json(told.resolution),
    )


def _changed(before: Any, after: Any) -> tuple[str, ...]:
    """Nothing is said of a create, which changes everything, and of documents, which are not read."""
    return tuple(change.field for change in differences(_fields(before), _fields(after)))


def _fields(stored: Any) -> Fields:
    values = stored.items() if isinstance(stored, dict) else ()
    return {name: value for name, value in values if isinstance(value, str)}
