"""Changes that a poll held back until a person let them through, as their syncs remember it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hamgam.trail.stored import moment_of, object_of, text_of

_RELEASED = "released"
"""In the trigger's payload."""


@dataclass(frozen=True, slots=True)
class Release:
    """How many changes were held back and since when, and who let them through, and when.

    The times are None where an older version has not noted them.
    """

    changes: int
    held_at: datetime | None
    by: str
    at: datetime | None

    def as_payload(self) -> dict[str, Any]:
        held_at, at = _iso(self.held_at), _iso(self.at)
        return {_RELEASED: {"changes": self.changes, "heldAt": held_at, "by": self.by, "at": at}}


def release_in(payload: Any) -> Release | None:
    """What `as_payload` has put there; what cannot be read is left out."""
    said = object_of(payload).get(_RELEASED)
    changes, by = object_of(said).get("changes"), text_of(said, "by")
    if not isinstance(changes, int) or by is None:
        return None
    return Release(changes, moment_of(said, "heldAt"), by, moment_of(said, "at"))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
