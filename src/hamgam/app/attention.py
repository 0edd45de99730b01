"""What asks for a person, as the pages and the API show it, and the words in which they are asked for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Row

from hamgam.app.evidence import SentDocument, concerned, sent_customer, sent_document, was_sent
from hamgam.app.masking import as_seen_by, masked_text
from hamgam.app.telling import entity_of, record_address
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.acting import Act, possible
from hamgam.jobs.declining import UNMATCHED, named, put_back_by
from hamgam.model import CrmId, Direction, Entity, EntityType, FinanceId, Status
from hamgam.people.roles import Person, Role
from hamgam.persian import text_key
from hamgam.remote_errors import RemoteError, explain
from hamgam.trail import mapping, records, worklist
from hamgam.trail.attempts import ended_attempts, tried
from hamgam.trail.imports import CONTACT
from hamgam.trail.log import ATTENTION
from hamgam.trail.place import Place, place_of
from hamgam.trail.stored import moment_of, object_of, text_of
from hamgam.trail.worklist import Wanted

ROWS = 50
MOST_NOTE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A filtered list, in one order, from one place on."""

    wanted: Wanted = field(default_factory=Wanted)
    oldest_first: bool = False
    after: Place | None = None

    @property
    def filters(self) -> dict[str, str]:
        """As they stand in an address; the place is left out."""
        return self.wanted.as_json() | ({"sort": "oldest"} if self.oldest_first else {})

    def href(self, **changed: str | None) -> str:
        """The page of this list, with some filters changed; None takes one away."""
        filters = {name: value for name, value in (self.filters | changed).items() if value}
        return f"/attention?{urlencode(filters)}" if filters else "/attention"


def query_of(given: Mapping[str, str]) -> Query:
    """What an address asks for. Raises `ValueError` with the name of what is wrong."""
    sort = given.get("sort") or "newest"
    if sort not in ("newest", "oldest"):
        raise ValueError("sort")
    after = _place(given.get("after"), newer=sort == "oldest")
    return Query(wanted=wanted_of(given), oldest_first=sort == "oldest", after=after)


def wanted_of(given: Mapping[str, str]) -> Wanted:
    """Raises `ValueError` with the name of what is wrong."""
    reason, status, entity_type = (given.get(name) or None for name in ("reason", "status", "type"))
    if reason is not None and reason not in list(Reason):
        raise ValueError("reason")
    if status is not None and status not in ATTENTION:
        raise ValueError("status")
    if entity_type is not None and entity_type not in list(EntityType):
        raise ValueError("type")
    return Wanted(
        reason=reason,
        status=Status(status) if status else None,
        entity_type=EntityType(entity_type) if entity_type else None,
    )


def _place(written: str | None, *, newer: bool) -> Place | None:
    """Where this list goes on: a place of the other order is none of its own."""
    if not written:
        return None
    try:
        place = place_of(written)
    except ValueError:
        raise ValueError("after") from None
    if place.newer is not newer:
        raise ValueError("after")
    return place


def note_of(form: Mapping[str, str]) -> str:
    """What a person notes, without what PostgreSQL does not take."""
    return form.get("note", "").replace("\0", "").strip()[:MOST_NOTE]


def uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One row, as this person may see it."""

    id: UUID
    seen: UUID
    """The attempt that the row tells of; an action names it, so that it acts on what was seen."""
    at: datetime
    status: str
    reason: str
    of_import: bool
    """Whether the import has to run again for it, and nothing else does it."""
    entity_type: str
    entity: str
    kind: str | None
    crm_id: str | None
    finance_id: str | None
    name: str
    """What a person knows the record by: a customer's name, or a document's number."""
    customer_id: str | None
    customer_name: str
    """Of a document."""
    tried: int
    """How many attempts there were in all."""
    message: str
    known: RemoteError | None
    """The remote system's own error, where its text is a known one."""
    record: str
    """The address of the page about the record; empty where the CRM's id is not known."""
    acts: frozenset[Act]
    retried_by: str | None
    retried_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    resolution: Mapping[str, Any]
    concerned: Mapping[str, Any]
    """What a failure is about: fields of a customer, or of the line of a document, with their values."""
    sent: Mapping[str, Any]
    """What was sent of a customer, or was about to be."""
    was_sent: bool
    """Whether that, or the document, has left us."""
    sent_at: datetime | None
    document: SentDocument | None
    """What was sent of a document, or was about to be."""
    together: bool
    """Whether something can be done with it and others at once, without a look at it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finance record that it could be, and the CRM record that it is linked to already."""

    code: str
    name: str
    """Of a contact that the initial import has seen; "" for another."""
    taken_by: str | None
    taken_name: str = ""


class NameThen(NamedTuple):
    """What the customer of a document was called in finance when it was sent."""

    name: str
    """"" where that is not known."""
    renamed: bool
    """Whether it is known to have another name now; another spelling is the same name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list."""

    rows: list[Shown]
    after: str | None
    """Where the next page begins."""


async def listed(db: Database, query: Query, person: Person, limit: int = ROWS) -> Listed:
    found = await worklist.rows(
        db, query.wanted, oldest_first=query.oldest_first, after=query.after, limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    after = str(Place(last.startedAt, last.id, newer=query.oldest_first)) if last is not None else None
    return Listed([shown(row, person) for row in found[:limit]], after)


def shown(row: Row[Any], person: Person) -> Shown:
    """A row of `worklist`. A viewer sees what is not personal, and does nothing."""
    known = row._asdict()
    seen = as_seen_by(person, known)
    from_crm = row.direction == Direction.CRM_TO_FINANCE
    crm_id = row.sourceEntityId if from_crm else row.targetEntityId
    acts = possible(row, linked=row.linked is not None) if person.role.may(Role.OPERATOR) else frozenset()
    intent = object_of(seen["intent"])
    by, at = put_back_by(row)
    is_document = row.entityType == EntityType.PREINVOICE
    return Shown(
        id=row.id,
        seen=row.transactionId,
        at=row.startedAt,
        status=row.status,
        reason=row.reason or "",
        of_import=not from_crm,
        entity_type=row.entityType,
        entity=entity_of(seen, crm_id),
        kind=row.kind,
        crm_id=crm_id,
        finance_id=(row.targetEntityId or row.linked) if from_crm else row.sourceEntityId,
        name=_name(seen, intent),
        customer_id=row.customerId,
        customer_name=seen["customerName"] or "",
        tried=tried(row.retryCount, len(ended_attempts(row.attempts))),
        message=seen["errorMessage"] or "",
        known=explain(row.errorMessage),
        record=record_address(seen, crm_id),
        acts=acts,
        retried_by=by,
        retried_at=at,
        resolved_by=row.resolvedBy,
        resolved_at=row.resolvedAt,
        resolution=object_of(seen["resolution"]),
        concerned=concerned(known, seen),
        sent=sent_customer(seen),
        was_sent=was_sent(known),
        sent_at=moment_of(intent, "notedAt"),
        document=_document(seen, intent) if is_document else None,
        together=bool(acts & {Act.RETRY, Act.DISMISS}),
    )


def _name(seen: Mapping[str, Any], intent: Mapping[str, Any]) -> str:
    source = object_of(seen["sourceData"])
    if seen["entityType"] == EntityType.PREINVOICE:
        return str(source.get("number") or intent.get("number") or seen["number"] or "")
    return str(object_of(source.get("fields")).get("name") or seen["knownName"] or "")


def _document(seen: Mapping[str, Any], intent: Mapping[str, Any]) -> SentDocument | None:
    return sent_document(
        object_of(intent.get("document")) or object_of(seen["targetDataAfter"]),
        number=_name(seen, intent),
        at=moment_of(intent, "notedAt"),
        transaction_id=uuid_of(str(intent.get("transactionId"))),
    )


async def name_then(db: Database, row: Row[Any], sent: SentDocument | None, person: Person) -> NameThen:
    if sent is None or sent.at is None or row.customerId is None:
        return NameThen("", renamed=False)
    name = await worklist.name_then(db, row.customerId, sent.customer_code, sent.at) or ""
    now = row.customerName or ""
    renamed = bool(name and now) and text_key(name) != text_key(now)
    return NameThen(name if person.role.may(Role.OPERATOR) else masked_text(name), renamed)


def contacts_of(row: Row[Any]) -> tuple[str | None, list[str]]:
    """The CRM customer that a row is about, and the finance contacts that it names: to be asked for now."""
    if row.entityType == EntityType.CUSTOMER:
        from_crm = row.direction == Direction.CRM_TO_FINANCE
        return row.sourceEntityId if from_crm else row.targetEntityId, _codes(row)
    sent = object_of(object_of(row.intent).get("document")) or object_of(row.targetDataAfter)
    code = text_of(sent, "customer")
    return row.customerId, [] if code is None else [code]


async def candidates(db: Database, row: Row[Any], person: Person) -> list[Candidate]:
    """The records of finance that a conflict names."""
    entity_type, mine = EntityType(row.entityType), CrmId(row.sourceEntityId)
    found = []
    for code in _codes(row):
        owner = await mapping.owner(db, entity_type, FinanceId(code))
        name = await _known_name(db, CONTACT, code, person) if entity_type is EntityType.CUSTOMER else ""
        if owner in (None, mine):
            found.append(Candidate(code, name, None))
        else:
            found.append(Candidate(code, name, owner, await _known_name(db, Entity.CUSTOMER, owner, person)))
    return found


async def _known_name(db: Database, entity: str, record: str, person: Person) -> str:
    known = await records.one(db, entity, record)
    name = known.name if known else ""
    return name if person.role.may(Role.OPERATOR) else masked_text(name)


def _codes(row: Row[Any]) -> list[str]:
    if row.reason in UNMATCHED:
        return list(dict.fromkeys(named(row)))
    if row.reason == Reason.OTHER_CODE:
        return list(dict.fromkeys(re.findall(r"[0-9]+", row.errorMessage or "")))
    return [row.linked] if row.reason == Reason.REVIEW_REQUIRED and row.linked else []
