"""Tokens for programs: a name, a role, and a secret that is shown once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import api_token as t
from hamgam.people.names import checked_name, name_key
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.roles import Person, Role
from hamgam.people.secret import fingerprint, new_secret

_PREFIX = "hamgam_"
"""Lets people, and programs that search for lost secrets, see what it is."""
_BY_PROGRAM = "token:"
"""Before the name of a token that has done something; a person's name has no colon."""
_NOTED_EVERY = timedelta(minutes=1)
_SHOWN = (t.c.id, t.c.name, t.c.role, t.c.createdAt, t.c.createdBy, t.c.lastUsedAt)
_VALID = t.c.revokedAt.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """One token that is valid, without its secret."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    created_by: str
    last_used_at: datetime | None


async def valid(db: Database | AsyncConnection) -> list[ApiToken]:
    """By name."""
    found: Result[Any] = await db.execute(select(*_SHOWN).where(_VALID).order_by(t.c.nameKey))
    return [_token(row) for row in found]


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
    name, secret = checked_name(name), _PREFIX + new_token()
    values = {"name": name, "nameKey": name_key(name), "role": role, "createdAt": now, "createdBy": by}
    statement = insert(t).values(tokenHash=fingerprint(secret), **values)
    unless_taken = statement.on_conflict_do_nothing(index_elements=["nameKey"], index_where=_VALID)
    row = (await db.execute(unless_taken.returning(*_SHOWN))).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.NAME_TAKEN)
    return _token(row), secret


async def named(db: Database, name: str) -> ApiToken:
    """Raises `NotAllowed`."""
    row = (await db.execute(select(*_SHOWN).where(_VALID, t.c.nameKey == name_key(name)))).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.UNKNOWN)
    return _token(row)


async def revoke(db: Database, token_id: UUID, now: datetime) -> ApiToken:
    """It counts from the next request on. Raises `NotAllowed`."""
    statement = t.update().where(t.c.id == token_id, _VALID).values(revokedAt=now).returning(*_SHOWN)
    row = (await db.execute(statement)).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.UNKNOWN)
    return _token(row)


def made_by(valid_ones: Sequence[ApiToken], name: str) -> list[ApiToken]:
    """Those that a person has made, and those that were made with these in turn."""
    makers, found = {name_key(name)}, dict[UUID, ApiToken]()
    while more := [one for one in valid_ones if one.id not in found and _maker_key(one.created_by) in makers]:
        found |= {one.id: one for one in more}
        makers = {_BY_PROGRAM + name_key(one.name) for one in more}
    return [one for one in valid_ones if one.id in found]


def _maker_key(created_by: str) -> str:
    is_token = created_by.startswith(_BY_PROGRAM)
    return f"{_BY_PROGRAM if is_token else ''}{name_key(created_by.removeprefix(_BY_PROGRAM))}"


async def revoke_all(connection: AsyncConnection, ids: Iterable[UUID], now: datetime) -> None:
    """Within a change of something else."""
    await connection.execute(t.update().where(t.c.id.in_(list(ids)), _VALID).values(revokedAt=now))


async def find(db: Database, secret: str, now: datetime) -> Person | None:
    """Who comes with this secret; the log knows it from a user by the colon. It is thereby used."""
    mine = (t.c.tokenHash == fingerprint(secret)) & _VALID
    row = (await db.execute(select(*_SHOWN).where(mine))).one_or_none()
    if row is None:
        return None
    if row.lastUsedAt is None or now - row.lastUsedAt >= _NOTED_EVERY:
        await db.execute(t.update().where(mine).values(lastUsedAt=now))
    return Person(f"{_BY_PROGRAM}{row.name}", Role(row.role))


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        created_at=row.createdAt,
        created_by=row.createdBy,
        last_used_at=row.lastUsedAt,
    )
