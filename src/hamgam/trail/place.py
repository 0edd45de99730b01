"""A place in a list that goes by time: what an address carries, so that a page goes on there.

It names a row, not a page number: rows that come on top meanwhile move nothing, and the millionth row is
found as fast as the first.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal, tuple_

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PACKED = struct.Struct(">Bq16s")
_VERSION = 16
_WRITTEN_CHARACTERS = 34


@dataclass(frozen=True, slots=True)
class Place:
    """A place between two rows, seen from the row that it names."""

    at: datetime
    id: UUID
    newer: bool = False
    """Whether the rows after this one are wanted, or those before it."""
    rank: int = 0
    """Up to 7, for a list that mixes several kinds; the list says where in its order it counts."""

    def __str__(self) -> str:
        """Opaque to who carries it; it fits into an address."""
        microseconds = (self.at - _EPOCH) // timedelta(microseconds=1)
        packed = _PACKED.pack(_VERSION + 2 * self.rank + self.newer, microseconds, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def beyond(self, at: Any, id_: Any) -> ColumnElement[bool]:
        """Of rows with these columns, the ones further on."""
        row = tuple_(at, id_)
        here = tuple_(literal(self.at, at.type), literal(self.id, id_.type))
        return row > here if self.newer else row < here


def place_of(written: str) -> Place:
    """Raises `ValueError` for what no `Place` was written as."""
    if len(written) != _WRITTEN_CHARACTERS or not written.isascii():
        raise ValueError("no place in the list")
    try:
        packed = base64.b64decode(written + "==", altchars=b"-_", validate=True)
        version, microseconds, id_ = _PACKED.unpack(packed)
        at = _EPOCH + timedelta(microseconds=microseconds)
    except (binascii.Error, struct.error, OverflowError):
        raise ValueError("no place in the list") from None
    place = Place(at, UUID(bytes=id_), newer=bool(version & 1), rank=version % _VERSION // 2)
    if str(place) != written:
        raise ValueError("no place in the list")
    return place
