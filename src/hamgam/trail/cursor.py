"""How far polling has read each stream, by the CRM's own clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import poll_cursor as t
from hamgam.model import Stream
from hamgam.trail.releases import Release

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    position: datetime
    """The newest modification time that is known, as the CRM stamps it."""
    polled_at: datetime | None
    held: int | None
    """Changes that were found and not queued because they are suspiciously many."""
    release: Release | None = None
    """Up to so many of them a person lets through."""


async def load(db: Database) -> Mapping[Stream, Cursor]:
    """The cursors of the streams that this program knows.

    The database may hold times that are no `datetime`, such as infinity; they come as the nearest one.
    """
    found = await db.execute(
        select(
            t.c.stream,
            _datetime(t.c.cursor).label("position"),
            case((t.c.polledAt.is_not(None), _datetime(t.c.polledAt))).label("polled_at"),
            t.c.held,
            t.c.heldAt,
            t.c.released,
            t.c.releasedBy,
            t.c.releasedAt,
        ).where(t.c.stream.in_(list(Stream)))
    )
    return {Stream(row.stream): _cursor(row) for row in found}


def _cursor(row: Row[Any]) -> Cursor:
    release = None
    if row.released:
        release = Release(row.released, row.heldAt, row.releasedBy or "", row.releasedAt)
    return Cursor(row.position, row.polled_at, row.held, release)


def _datetime(column: Any) -> Any:
    return func.least(func.greatest(column, BEGINNING), _END)


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


async def start_again(db: Database, stream: Stream) -> None:
    """Give a position up that cannot be right: everything is compared once more."""
    await db.execute(t.update().where(t.c.stream == stream).values(cursor=BEGINNING))


async def finish(db: Database, stream: Stream, at: datetime, *, held: int | None = None) -> None:
    """Note that a poll of this stream has ended: well, or holding suspiciously many changes back."""
    over = dict.fromkeys(("held", "heldAt", "released", "releasedBy", "releasedAt")) | {"polledAt": at}
    values = {"held": held, "heldAt": func.coalesce(t.c.heldAt, at)} if held else over
    await db.execute(t.update().where(t.c.stream == stream).values(values))


async def release(connection: AsyncConnection, stream: Stream, held: int, by: str, at: datetime) -> bool:
    """Let the changes through that are held back, if they are still so many; answers whether they are."""
    same = (t.c.stream == stream) & (t.c.held == held)
    done = await connection.execute(
        t.update().where(same).values(released=held, releasedBy=by, releasedAt=at)
    )
    return done.rowcount == 1
