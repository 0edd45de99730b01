"""Who is signed in: a random token in the browser, its fingerprint in the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import user, user_session
from hamgam.people.roles import Person, Role
from hamgam.people.secret import fingerprint, new_secret

IDLE = timedelta(hours=8)
"""A session ends when nobody has used it for so long; a page that is only open uses nothing,"""
LONGEST = timedelta(days=7)
"""and in any case when it is so old."""
_NOTED_EVERY = timedelta(minutes=1)

t = user_session


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is."""

    user_id: UUID
    person: Person


async def start(db: Database, user_id: UUID, now: datetime, new_token: Callable[[], str] = new_secret) -> str:
    """The token of a new session. Those of all people that are over are cleared away."""
    token = new_token()
    over = or_(t.c.lastSeenAt <= now - IDLE, t.c.createdAt <= now - LONGEST)
    await db.execute(t.delete().where(over))
    row = {"tokenHash": fingerprint(token), "userId": user_id, "createdAt": now, "lastSeenAt": now}
    await db.execute(t.insert().values(row))
    return token


async def find(db: Database, token: str, now: datetime, *, used: bool = True) -> SignedIn | None:
    """Whose session this is, if it still runs. `used` is false for what an open page asks by itself."""
    shown = (user.c.id, user.c.name, user.c.role, t.c.lastSeenAt)
    running = (t.c.lastSeenAt > now - IDLE) & (t.c.createdAt > now - LONGEST) & user.c.disabledAt.is_(None)
    mine = t.c.tokenHash == fingerprint(token)
    joined = user_session.join(user, user.c.id == t.c.userId)
    row = (await db.execute(select(*shown).select_from(joined).where(mine, running))).one_or_none()
    if row is None:
        return None
    if used and now - row.lastSeenAt >= _NOTED_EVERY:
        await db.execute(t.update().where(mine).values(lastSeenAt=now))
    return SignedIn(row.id, Person(row.name, Role(row.role)))


async def end(db: Database, token: str) -> None:
    await db.execute(t.delete().where(t.c.tokenHash == fingerprint(token)))


async def end_all(connection: AsyncConnection, user_id: UUID, *, but: str = "") -> None:
    """End the sessions of one user, except the one with the token `but`."""
    kept = t.c.tokenHash != fingerprint(but)
    await connection.execute(t.delete().where(t.c.userId == user_id, kept))
