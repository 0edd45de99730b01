"""One sync as a story: what its row in the log says, put in the order in which it happened. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hamgam.app.grounds import Ground, grounds
from hamgam.errors import Reason
from hamgam.jobs.asking import BY
from hamgam.model import Direction, Entity, Operation, Status, Trigger
from hamgam.remote_errors import RemoteError, explain
from hamgam.sync.decide import AFTER
from hamgam.sync.fields import CUSTOMER
from hamgam.trail.attempts import Ended, Wait, begun_after, ended_attempts, tried, waits
from hamgam.trail.attention import DISMISSED, Asked, retries
from hamgam.trail.imports import CONTACT
from hamgam.trail.log import ATTENTION, MODIFIED_AT
from hamgam.trail.releases import Release, release_in
from hamgam.trail.stored import moment_of, object_of, text_of

_COMPARE = {field.name: field.compare for field in CUSTOMER}
_DATA = (
    "triggerPayload",
    "sourceData",
    "targetDataBefore",
    "targetDataAfter",
    "intent",
    "errorMessage",
    "attempts",
)
_RAW = ("triggerPayload", "sourceData", "targetDataBefore", "targetDataAfter", "intent", "resolution")
_READ_FACTS = ("number", "type", "customerId", "finalValue", "lines")
_WRITTEN_FACTS = ("title", "customer", "saleModel", "net")
_SAID = {
    "exists": "sync.exists",
    "absent": "sync.is_absent",
    "retried": "sync.retried",
    DISMISSED: "sync.dismissed",
}
_WRITES = (Operation.CREATE, Operation.UPDATE)
_LINE = ("product", "unit", "quantity", "price", "discount")

Change = Literal["", "changed", "spelling"]


@dataclass(frozen=True, slots=True)
class FieldTold:
    """One field on both sides. None: this side does not have it, or was not asked."""

    name: str
    read: str | None
    before: str | None
    after: str | None
    change: Change
    """`spelling`: written differently, and the same to whoever compares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How the change became known; what does not apply is empty."""

    event: str
    """As the CRM calls it."""
    by: str
    """The person who asked for the sync."""
    after: str
    """The reason for which an earlier look was put off until this one."""
    run: str
    """The import that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the page of one sync shows, for who may see it so."""

    seen: Mapping[str, Any]
    notice: Notice
    modified_at: datetime | None
    """When the CRM says that it was last modified before it was read."""
    crm_id: str | None
    finance_id: str | None
    entity: str
    record: str
    """The address of the record's own page; empty where the CRM's id is not known."""
    from_crm: bool
    sentence: str
    """The key of the words for what was decided, where no reason says it."""
    grounds: list[Ground]
    """Why a write that went well was made."""
    attention: bool
    known: RemoteError | None
    """What the remote system said of a problem, where its text is a known one."""
    is_open: bool
    intended_at: datetime | None
    """When the write began whose answer has not been noted."""
    answered: bool
    """Whether the other side has taken a write, and named what it wrote."""
    purged: bool
    fields: list[FieldTold]
    read: list[tuple[str, str]]
    """Of a document, and what stands beside the fields of a customer."""
    written: list[tuple[str, str]]
    number_in_finance: str
    """Which finance gave a document; empty where its answer named none."""
    lines: list[list[str]]
    tried: int
    """How many attempts there were in all."""
    attempts: list[Ended]
    """Those before the latest one."""
    begun: datetime | None
    """When the attempt began that ended it; None where that is not known."""
    waits: list[Wait]
    """The times between its attempts, in which nobody worked on it."""
    retries: list[Asked]
    """Who has put it back, and when."""
    release: Release | None
    """Where polling had held it back."""
    resolution: list[tuple[str, str]]
    """Words, and what the person who settled it has said."""
    raw: list[tuple[str, str]]
    """What the log holds, as JSON."""

    @property
    def has_target(self) -> bool:
        """Whether the other side was read, or written; where nothing had to be done it was not."""
        return any(field.before is not None or field.after is not None for field in self.fields)


def tell(row: Mapping[str, Any], seen: Mapping[str, Any], now: datetime, retention_days: int) -> Told:
    """`row` is what the log holds, and decides what has changed; `seen` is the same row for the reader."""
    from_crm = row["direction"] == Direction.CRM_TO_FINANCE
    source, target = row["sourceEntityId"], row["targetEntityId"]
    crm_id = source if from_crm else target
    is_open = row["status"] in (Status.PENDING, Status.IN_PROGRESS)
    sent = _sent(seen)
    attempts = ended_attempts(seen["attempts"])
    begun = begun_after(attempts, _ended_attempt_begun(row))
    source_seen = object_of(seen["sourceData"])
    fields = _fields(row, seen)
    return Told(
        seen=seen,
        notice=_notice(row, seen),
        modified_at=moment_of(row["sourceData"], MODIFIED_AT),
        crm_id=crm_id,
        finance_id=target if from_crm else source,
        entity=entity_of(row, crm_id),
        record=record_address(row, crm_id),
        from_crm=from_crm,
        sentence=_sentence(row),
        grounds=grounds(
            row, [told.name for told in fields if told.change == "changed" and told.before is not None]
        ),
        attention=row["status"] in ATTENTION and row["resolvedAt"] is None,
        known=explain(row["errorMessage"]) if row["status"] in ATTENTION else None,
        is_open=is_open,
        intended_at=moment_of(row["intent"], "notedAt"),
        answered=row["status"] == Status.SUCCESS and row["operation"] in _WRITES and target is not None,
        purged=not is_open and _is_old(row, now, retention_days) and all(row[name] is None for name in _DATA),
        fields=fields,
        read=_facts(source_seen, _READ_FACTS),
        written=_facts(sent, _WRITTEN_FACTS) if _is_document(row) else [],
        number_in_finance=(text_of(sent, "number") or "") if _is_document(row) else "",
        lines=_lines(sent),
        tried=tried(row["retryCount"], len(attempts)),
        attempts=attempts,
        begun=begun,
        waits=waits(row["startedAt"], attempts, begun),
        retries=retries(row["triggerPayload"]),
        release=release_in(row["triggerPayload"]),
        resolution=_resolution(object_of(seen["resolution"])),
        raw=[(name, _json(seen[name])) for name in _RAW if seen[name] is not None],
    )


def record_address(row: Mapping[str, Any], crm_id: str | None) -> str:
    """Our page about the record of a sync; empty where the CRM has none of it."""
    return f"/records/{entity_of(row, crm_id)}/{crm_id}" if crm_id else ""


def entity_of(row: Mapping[str, Any], crm_id: str | None) -> str:
    """What a sync is about; a contact of finance that the CRM has is a customer."""
    if row["sourceEntity"] in list(Entity):
        return str(row["sourceEntity"])
    return Entity.CUSTOMER if crm_id else CONTACT


def _is_document(row: Mapping[str, Any]) -> bool:
    return row["sourceEntity"] in (Entity.INVOICE, Entity.QUOTE)


def _is_old(row: Mapping[str, Any], now: datetime, retention_days: int) -> bool:
    return bool(row["startedAt"] < now - timedelta(days=retention_days))


def _ended_attempt_begun(row: Mapping[str, Any]) -> datetime | None:
    at, took = row["completedAt"], row["durationMs"]
    return None if at is None or took is None else at - timedelta(milliseconds=took)


def _sentence(row: Mapping[str, Any]) -> str:
    if row["status"] == Status.SUCCESS:
        return f"told.{row['direction']}.{row['operation']}"
    if row["reason"] == Reason.TIME_GATE:
        return "told.TIME_GATE"
    return f"told.{row['status']}"


def _notice(row: Mapping[str, Any], seen: Mapping[str, Any]) -> Notice:
    said = object_of(row["triggerPayload"])
    by = text_of(said, BY) if row["triggerType"] == Trigger.MANUAL else None
    return Notice(
        event=event_of(seen["triggerPayload"]),
        by=by or "",
        after=text_of(said, AFTER) or "",
        run=text_of(said, "run") or "" if row["triggerType"] == Trigger.IMPORT else "",
    )


def event_of(payload: Any) -> str:
    """The event as the CRM calls it, in either shape of a delivery."""
    return text_of(payload, "eventType") or text_of(payload, "event") or ""


def _sent(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was written, or what was about to be, where that is all that the log knows."""
    intent = object_of(row["intent"])
    return object_of(row["targetDataAfter"] or intent.get("document") or intent.get("fields"))


def _fields(row: Mapping[str, Any], seen: Mapping[str, Any]) -> list[FieldTold]:
    if _is_document(row):
        return []
    shown = (_customer_fields(seen), object_of(seen["targetDataBefore"]), _sent(seen))
    before, after = object_of(row["targetDataBefore"]), _sent(row)
    names = dict.fromkeys([*_COMPARE, *(name for side in shown for name in side)])
    return [
        FieldTold(
            name,
            read=_text(shown[0].get(name)),
            before=_text(shown[1].get(name)),
            after=_text(shown[2].get(name)),
            change=_change(name, before, after),
        )
        for name in names
        if any(name in side for side in shown)
    ]


def _customer_fields(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_of(object_of(row["sourceData"]).get("fields"))


def _change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    if name not in after or before.get(name) == after[name]:
        return ""
    if name not in before:
        return "changed" if after[name] else ""
    compare = _COMPARE.get(name, str)
    same = compare(str(before[name])) == compare(str(after[name]))
    return "spelling" if same else "changed"


def _facts(data: Mapping[str, Any], names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, text) for name in names if (text := _text(data.get(name)))]


def _lines(written: Mapping[str, Any]) -> list[list[str]]:
    lines = written.get("lines")
    if not isinstance(lines, list):
        return []
    return [[_text(object_of(line).get(name)) or "" for name in _LINE] for line in lines]


def _resolution(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    codes = said.get("absent")
    words = _SAID | {"absent": "sync.is_none_of"} if codes and isinstance(codes, list) else _SAID
    return [(word, _said(said[name])) for name, word in words.items() if name in said]


def _said(what: Any) -> str:
    if isinstance(what, list):
        return ", ".join(map(str, what))
    return "" if what is True else str(what)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
