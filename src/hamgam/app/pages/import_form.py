"""What the form of an import asks for."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from hamgam.app.import_view import MOST_CONTACTS
from hamgam.persian import to_latin_digits
from hamgam.trail.import_runs import RunRequest

_MOST_DIGITS = 12


class Mistyped(Exception):
    """A field of the form holds what it cannot."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def asked_for(given: Mapping[str, str], by: str) -> RunRequest:
    """Raises `Mistyped`. The id was made with the form: sent twice, it asks once."""
    return RunRequest(
        id=_id(given.get("run", "")),
        dry_run=_is_on(given, "dry_run"),
        limit=_limit(given.get("limit", "")),
        again=_is_on(given, "again"),
        force=_is_on(given, "force"),
        started_by=by,
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text) if text else uuid4()
    except ValueError:
        raise Mistyped("run") from None


def _is_on(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "") not in ("", "false", "0")


def _limit(text: str) -> int | None:
    digits = to_latin_digits(text).strip()
    if not digits:
        return None
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else 0
    if not 1 <= number <= MOST_CONTACTS:
        raise Mistyped("limit")
    return number
