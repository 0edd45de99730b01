"""The people: added, given a role and a password, and removed.

While there are users, one of them is an admin. The changes run one after the other, under one lock, so that
two admins cannot remove each other.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import user as t
from hamgam.people import sessions, tokens
from hamgam.people.names import checked_name, name_key
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.roles import Role
from hamgam.people.tokens import ApiToken

_SHOWN = (t.c.id, t.c.name, t.c.role, t.c.createdAt)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One who may sign in."""

    id: UUID
    name: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Removed:
    """Who was removed, with the tokens of theirs that ended thereby."""

    user: User
    tokens: list[ApiToken]


def without_admin(users: Sequence[User]) -> bool:
    """Whether these users would have nobody who looks after them."""
    return bool(users) and not any(user.role is Role.ADMIN for user in users)


async def everyone(db: Database) -> list[User]:
    """Those who may sign in, by name."""
    found = await db.execute(select(*_SHOWN).where(t.c.disabledAt.is_(None)).order_by(t.c.nameKey))
    return [_user(row) for row in found]


async def named(db: Database, name: str) -> User:
    """Who has this name, in whatever spelling. Raises `NotAllowed`."""
    enabled = (t.c.nameKey == name_key(name)) & t.c.disabledAt.is_(None)
    row = (await db.execute(select(*_SHOWN).where(enabled))).one_or_none()
    if row is None:
        raise NotAllowed(Refusal.UNKNOWN)
    return _user(row)


async def credentials(db: Database, key: str) -> tuple[User, str] | None:
    """Who signs in with this key of a name, and the hash of the password."""
    enabled = (t.c.nameKey == key) & t.c.disabledAt.is_(None)
    row = (await db.execute(select(*_SHOWN, t.c.passwordHash).where(enabled))).one_or_none()
    return None if row is None else (_user(row), row.passwordHash)


async def add(db: Database, name: str, role: Role, password_hash: str, now: datetime) -> User:
    """Let somebody in. One who was removed comes back under the old id. Raises `NotAllowed`."""
    name = checked_name(name)
    values = {"name": name, "role": role, "passwordHash": password_hash, "createdAt": now}
    statement = (
        insert(t)
        .values(nameKey=name_key(name), **values)
        .on_conflict_do_update(
            index_elements=["nameKey"], set_=values | {"disabledAt": None}, where=t.c.disabledAt.is_not(None)
        )
        .returning(*_SHOWN)
    )
    async with _changing(db) as (users, connection):
        row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotAllowed(Refusal.NAME_TAKEN)
        if without_admin([*users, _user(row)]):
            raise NotAllowed(Refusal.FIRST_ADMIN)
        await sessions.end_all(connection, row.id)
        return _user(row)


async def set_role(db: Database, user_id: UUID, role: Role) -> User:
    """It counts from the next request on, for tokens of theirs too; all sessions end. Raises `NotAllowed`."""
    async with _changing(db) as (users, connection):
        changed = replace(_one_of(users, user_id), role=role)
        if without_admin([changed, *_others(users, user_id)]):
            raise NotAllowed(Refusal.LAST_ADMIN)
        await connection.execute(t.update().where(t.c.id == user_id).values(role=role))
        await sessions.end_all(connection, user_id)
        return changed


async def set_password(db: Database, user_id: UUID, password_hash: str, *, kept_session: str = "") -> User:
    """All sessions but the kept one end, because somebody else may know the old password."""
    async with _changing(db) as (users, connection):
        found = _one_of(users, user_id)
        await connection.execute(t.update().where(t.c.id == user_id).values(passwordHash=password_hash))
        await sessions.end_all(connection, user_id, but=kept_session)
        return found


async def renew_hash(db: Database, user_id: UUID, old: str, new: str) -> None:
    """Another hash of the same password, unless there is another password by now."""
    same = (t.c.id == user_id) & (t.c.passwordHash == old)
    await db.execute(t.update().where(same).values(passwordHash=new))


async def disable(db: Database, user_id: UUID, now: datetime, *, last_too: bool = False) -> Removed:
    """Let somebody in no more; sessions and tokens end at once.

    Without the last user the pages are open: `last_too`.
    """
    async with _changing(db) as (users, connection):
        found, left = _one_of(users, user_id), _others(users, user_id)
        if without_admin(left):
            raise NotAllowed(Refusal.LAST_ADMIN)
        if not left and not last_too:
            raise NotAllowed(Refusal.LAST_USER)
        made = await tokens.made_by(connection, user_id)
        await connection.execute(t.update().where(t.c.id == user_id).values(disabledAt=now))
        await sessions.end_all(connection, user_id)
        await tokens.revoke_all(connection, (token.id for token in made), now)
        return Removed(found, made)


@asynccontextmanager
async def _changing(db: Database) -> AsyncIterator[tuple[list[User], AsyncConnection]]:
    """The users as they are until the block ends, and the transaction that changes them."""
    async with db.locked("people", wait=True) as held:
        assert held is not None
        async with held.transaction() as connection:
            yield await everyone(held), connection


def _one_of(users: Sequence[User], user_id: UUID) -> User:
    for user in users:
        if user.id == user_id:
            return user
    raise NotAllowed(Refusal.UNKNOWN)


def _others(users: Sequence[User], user_id: UUID) -> list[User]:
    return [user for user in users if user.id != user_id]


def _user(row: Row[Any]) -> User:
    return User(id=row.id, name=row.name, role=Role(row.role), created_at=row.createdAt)
