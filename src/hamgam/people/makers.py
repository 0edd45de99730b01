"""The person behind a token, who bounds what it may do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Result, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import api_token, user
from hamgam.people.names import name_key
from hamgam.people.roles import Role

BY_PROGRAM = "token:"
"""Before the name of a token that has done something; a person's name has no colon."""


@dataclass(frozen=True, slots=True)
class Maker:
    """`limit` is the most that a token of theirs may do; None: nothing any more."""

    user_id: UUID | None
    limit: Role | None


_NO_USER = Maker(None, Role.ADMIN)
"""At the command line, or in a house that was open."""
_NOBODY = Maker(None, None)


async def maker_of(db: Database | AsyncConnection, created_by: str, created_at: datetime) -> Maker:
    """Who made a token, or the first of those with which it was made in turn.

    A user of the operating system who has the name of a person counts as that person.
    """
    passed: set[UUID] = set()
    while created_by.startswith(BY_PROGRAM):
        token = await _token(db, created_by.removeprefix(BY_PROGRAM), created_at, passed)
        if token is None:
            return _NOBODY
        passed.add(token.id)
        created_by, created_at = token.createdBy, token.createdAt
    return await _person(db, created_by)


async def _token(
    db: Database | AsyncConnection, name: str, before: datetime, passed: set[UUID]
) -> Row[Any] | None:
    """The one that had this name then; it may be revoked by now."""
    t = api_token.c
    same = (t.nameKey == name_key(name)) & (t.createdAt <= before) & t.id.not_in(passed)
    query = select(t.id, t.createdBy, t.createdAt).where(same).order_by(t.createdAt.desc()).limit(1)
    found: Result[Any] = await db.execute(query)
    return found.one_or_none()


async def _person(db: Database | AsyncConnection, name: str) -> Maker:
    query = select(user.c.id, user.c.role, user.c.disabledAt).where(user.c.nameKey == name_key(name))
    found: Result[Any] = await db.execute(query)
    row = found.one_or_none()
    if row is None:
        return _NO_USER
    return Maker(row.id, Role(row.role) if row.disabledAt is None else None)
