"""How far polling has read each stream, by the CRM's own clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import poll_cursor as t
from hamgam.model import Stream


@dataclass(frozen=True, slots=True)
class Cursor:
    position: datetime
    """The newest modification time that is known, as the CRM stamps it."""
    polled_at: datetime | None
    held: int | None
    """Changes that were found and not queued because they are suspiciously many."""


async def load(db: Database) -> Mapping[Stream, Cursor]:
    rows = await db.execute(select(t))
    return {Stream(row.stream): Cursor(row.cursor, row.polledAt, row.held) for row in rows}


async def begin(connection: AsyncConnection, stream: Stream, position: datetime) -> None:
    """Set a stream's first position; a position that is known already stays."""
    await connection.execute(
        insert(t).values(stream=stream, cursor=position).on_conflict_do_nothing(index_elements=["stream"])
    )


async def advance(connection: AsyncConnection, stream: Stream, position: datetime) -> None:
    """Move forward, never back."""
    await connection.execute(
        t.update().where(t.c.stream == stream).values(cursor=func.greatest(t.c.cursor, position))
    )


async def finish(db: Database, stream: Stream, at: datetime, *, held: int | None = None) -> None:
    """Note that a poll of this stream has ended: well, or holding suspiciously many changes back."""
    values = {"held": held} if held else {"held": None, "polledAt": at}
    await db.execute(t.update().where(t.c.stream == stream).values(**values))
