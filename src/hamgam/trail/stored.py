"""Reads the JSON of the sync log, where older and newer programs may have stored something else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def object_of(stored: Any) -> Mapping[str, Any]:
    """Empty for what is none."""
    return stored if isinstance(stored, Mapping) else {}


def text_of(stored: Any, name: str) -> str | None:
    """One text of an object."""
    value = object_of(stored).get(name)
    return value if isinstance(value, str) else None


def moment_of(stored: Any, name: str) -> datetime | None:
    """One moment of an object; a time without a zone is none."""
    return as_moment(text_of(stored, name))


def as_moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
