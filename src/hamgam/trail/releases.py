"""Changes that a poll held back until a person let them through, as their syncs remember it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    said = payload.get(_RELEASED) if isinstance(payload, Mapping) else None
    if not isinstance(said, Mapping):
        return None
    changes, by = said.get("changes"), said.get("by")
    if not isinstance(changes, int) or not isinstance(by, str):
        return None
    return Release(changes, _moment(said.get("heldAt")), by, _moment(said.get("at")))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(said: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
