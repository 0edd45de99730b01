"""Tokens for programs: a name, a role, and a secret that is shown once.

A token may never do more than the person who made it may do now; the tokens of who was removed are none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import api_token as t
from hamgam.people.makers import BY_PROGRAM, maker_of
from hamgam.people.names import checked_name, name_key
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.roles import Person, Role
from hamgam.people.secret import fingerprint, new_secret

_PREFIX = "hamgam_"
"""Lets people, and programs that search for lost secrets, see what it is."""
_NOTED_EVERY = timedelta(minutes=1)
_SHOWN = (t.c.id, t.c.name, t.c.role, t.c.createdAt, t.c.createdBy, t.c.lastUsedAt)
_VALID = t.c.revokedAt.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """One token that is valid, without its secret."""

    id: UUID
    name: str
    role: Role
    """That it was made with."""
    effective_role: Role | None
    """What it counts for now, with the role of its maker; None: the maker was removed."""
    created_at: datetime
    created_by: str
    maker_id: UUID | None
    """The person behind it, where it is one."""
    last_used_at: datetime | None


async def valid(db: Database | AsyncConnection) -> list[ApiToken]:
    """By name."""
    found: Result[Any] = await db.execute(select(*_SHOWN).where(_VALID).order_by(t.c.nameKey))
    return [await _token(db, row) for row in found]


async def make(
    db: Database,
    name: str,
    role: Role,
    *,
    by: str,
    now: datetime,
    new_token: Callable[[], str] = new_secret,
) -> tuple[ApiToken, str]:
    """A token and its secret, which cannot be had again. Raises `NotAllowed`."""
    if (await maker_of(db, by, now)).limit is None:
        raise NotAllowed(Refusal.MAKER_REMOVED)
    name, secret = checked_name(name), _PREFIX + new_token()
    values = {"name": name, "nameKey": name_key(name), "role": role, "createdAt": now, "createdBy": by}
    statement = insert(t).values(tokenHash=fingerprint(secret), **values)
    unless_taken = statement.on_conflict_do_nothing(index_elements=["nameKey"], index_where=_VALID)
    row = (await db.execute(unless_taken.returning(*_SHOWN))).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.NAME_TAKEN)
    return await _token(db, row), secret


async def named(db: Database, name: str) -> ApiToken:
    """Raises `NotAllowed`."""
    row = (await db.execute(select(*_SHOWN).where(_VALID, t.c.nameKey == name_key(name)))).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.UNKNOWN)
    return await _token(db, row)


async def revoke(db: Database, token_id: UUID, now: datetime) -> ApiToken:
    """It counts from the next request on. Raises `NotAllowed`."""
    statement = t.update().where(t.c.id == token_id, _VALID).values(revokedAt=now).returning(*_SHOWN)
    row = (await db.execute(statement)).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.UNKNOWN)
    return await _token(db, row)


async def made_by(db: Database | AsyncConnection, user_id: UUID) -> list[ApiToken]:
    """Those that a person has made, and those that were made with these in turn."""
    return [token for token in await valid(db) if token.maker_id == user_id]


async def revoke_all(connection: AsyncConnection, ids: Iterable[UUID], now: datetime) -> None:
    """Within a change of something else."""
    await connection.execute(t.update().where(t.c.id.in_(list(ids)), _VALID).values(revokedAt=now))


async def find(db: Database, secret: str, now: datetime) -> Person | None:
    """Who comes with this secret; the log knows it from a user by the colon. It is thereby used."""
    mine = (t.c.tokenHash == fingerprint(secret)) & _VALID
    row = (await db.execute(select(*_SHOWN).where(mine))).one_or_none()
    token = None if row is None else await _token(db, row)
    if token is None or token.effective_role is None:
        return None
    if token.last_used_at is None or now - token.last_used_at >= _NOTED_EVERY:
        await db.execute(t.update().where(mine).values(lastUsedAt=now))
    return Person(f"{BY_PROGRAM}{token.name}", token.effective_role)


async def _token(db: Database | AsyncConnection, row: Row[Any]) -> ApiToken:
    maker, role = await maker_of(db, row.createdBy, row.createdAt), Role(row.role)
    return ApiToken(
        id=row.id,
        name=row.name,
        role=role,
        effective_role=None if maker.limit is None else role.at_most(maker.limit),
        created_at=row.createdAt,
        created_by=row.createdBy,
        maker_id=maker.user_id,
        last_used_at=row.lastUsedAt,
    )
