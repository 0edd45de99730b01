"""What people ask of the sync log, in the words of an address: pages, links, API and exports all use them.

`q` takes what people search records by; `status` (may come several times), `operation`, `trigger`, `type`,
`reason` take the codes of the log; `from` and `to` take a day of either calendar, or a moment; `entity` takes
an id of either system; `attention` takes `true` for what a person has to decide, `retried` for what needed
more than one attempt, and `run` the id of an import. They go together: a row is listed when all of them hold.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from hamgam.app.records import MOST_CHARACTERS
from hamgam.errors import Reason
from hamgam.model import EntityType, Operation, Status, Trigger
from hamgam.persian import TEHRAN, parse_jalali, to_latin_digits
from hamgam.trail.listing import Wanted
from hamgam.trail.place import Place, place_of

MOST_COUNTED = 10_000
"""Above it the number of rows does not matter to anybody, and costs time to find."""
_ENTITY = r"^[^\x00]{1,100}$"
_DATE = re.compile(r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})(?:[ T]+([0-9:]{4,8}))?", re.ASCII)
_FIRST_GREGORIAN_YEAR = 1700
"""Years before it are of the Persian calendar."""
_FORMS = "a day in Tehran, YYYY-MM-DD in the Gregorian or the Persian calendar, or a moment, ISO 8601"
_A_DAY = timedelta(days=1)
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def first_moment(typed: str) -> datetime:
    """The beginning of a day in Tehran, `1405/01/01` or `2026-03-21`, or the moment that is typed."""
    return _moment(typed)[0]


def end_of(typed: str) -> datetime:
    """The first moment after a day in Tehran, or the moment that is typed."""
    moment, is_day = _moment(typed)
    return moment + _A_DAY if is_day else moment


def _moment(typed: str) -> tuple[datetime, bool]:
    """Raises `ValueError` for what is no date. Persian, Arabic and Latin digits are read."""
    text = to_latin_digits(typed).strip()
    parts = _DATE.fullmatch(text)
    try:
        if parts is None:
            moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        elif int(parts[1]) < _FIRST_GREGORIAN_YEAR:
            moment = parse_jalali(f"{parts[1]}/{parts[2]}/{parts[3]}", parts[4] or "00:00")
        else:
            clock = time.fromisoformat(parts[4]) if parts[4] else time()
            moment = datetime.combine(date(*map(int, parts.groups()[:3])), clock)
        local = moment if moment.tzinfo else moment.replace(tzinfo=TEHRAN)
        in_utc = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"not {_FORMS}") from None
    if not _EARLIEST <= in_utc <= _LATEST:
        raise ValueError("too far away")
    return in_utc, parts is not None and parts[4] is None


def _cursor(written: Any) -> Any:
    return place_of(written) if isinstance(written, str) else written


def _read_by(read: Callable[[str], datetime]) -> BeforeValidator:
    return BeforeValidator(lambda typed: read(typed) if isinstance(typed, str) else typed)


_TEXT = WithJsonSchema({"type": "string"})
_CONFIG = ConfigDict(hide_input_in_errors=True, arbitrary_types_allowed=True)


class SyncQuery(BaseModel):
    """The filters of a list."""

    model_config = _CONFIG

    q: str | None = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="name, number or id of a record, in any spelling, as `/records` finds it",
    )
    status: list[Status] = Field([], max_length=20, description="may come several times")
    operation: Operation | None = None
    trigger: Trigger | None = None
    type: EntityType | None = None
    reason: Reason | None = None
    since: Annotated[datetime | None, _read_by(first_moment), _TEXT] = Field(
        None, alias="from", description=_FORMS
    )
    until: Annotated[datetime | None, _read_by(end_of), _TEXT] = Field(
        None, alias="to", description="the last day, or the first moment that is too late"
    )
    entity: str | None = Field(None, pattern=_ENTITY, description="an id of either system")
    attention: bool = Field(False, description="only what a person has to decide")
    retried: bool = Field(False, description="only what needed more than one attempt")
    run: UUID | None = Field(None, description="the import that wrote the row")

    @field_validator("until")
    @classmethod
    def _not_before_it_begins(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        since = info.data.get("since")
        if until is not None and since is not None and until <= since:
            raise ValueError("before the beginning of the period")
        return until

    def wanted(self, records: frozenset[tuple[str, str]] | None = None) -> Wanted:
        """`records` are those that `q` finds."""
        return Wanted(
            records=records,
            statuses=frozenset(self.status),
            operation=self.operation,
            trigger=self.trigger,
            entity_type=self.type,
            reason=self.reason,
            attention=self.attention,
            retried=self.retried,
            since=self.since,
            until=self.until,
            entity=self.entity,
            run=self.run,
        )


class PlaceQuery(BaseModel):
    """Which page of a list."""

    model_config = _CONFIG

    cursor: Annotated[Place | None, BeforeValidator(_cursor), _TEXT] = Field(
        None, description="where a page goes on; from the `Link` header of the one before"
    )


class PageQuery(SyncQuery, PlaceQuery):
    """The filters of a list, and which page of it."""


FILTERS = tuple(field.alias or name for name, field in SyncQuery.model_fields.items())
"""The names of the parameters, in an address."""


def asked(items: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The filters among the parameters of an address. A form sends the empty ones as well."""
    return [(name, value) for name, value in items if name in FILTERS and value.strip()]
