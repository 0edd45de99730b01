"""`hamgam user` and `hamgam token`."""

import getpass
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TextIO

from hamgam.app.commands.output import console, print_json, progress_console, table
from hamgam.app.commands.passwords import asked
from hamgam.app.commands.settling import who
from hamgam.app.wiring import open_database, utcnow
from hamgam.people import tokens, users
from hamgam.people.names import checked_name, role_of
from hamgam.people.passwords import checked_password
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.registry import Registry
from hamgam.people.roles import Role
from hamgam.settings import Settings


def checked(name: str, role: str) -> tuple[str, Role]:
    """Raises `NotAllowed`, before somebody has thought of a password."""
    return checked_name(name), role_of(role)


async def add(settings: Settings, name: str, role: Role, password: str) -> int:
    async with _registry(settings) as registry:
        first = not await users.everyone(registry.db)
        added = await registry.add(name, role, password, by=who())
    console().print(f"added {added.name}, {added.role}")
    if first:
        progress_console().print("from now on the web service asks everybody to sign in")
    return 0


async def list_people(settings: Settings, *, as_json: bool) -> int:
    async with _registry(settings) as registry:
        found = await users.everyone(registry.db)
    rows: list[dict[str, Any]] = [
        {"id": user.id, "name": user.name, "role": user.role, "createdAt": user.created_at} for user in found
    ]
    return _listed(("id", "name", "role", "createdAt"), rows, as_json=as_json)


async def set_password(settings: Settings, name: str, password: str) -> int:
    async with _registry(settings) as registry:
        user = await users.named(registry.db, name)
        await registry.set_password(user.id, password, by=who())
    console().print(f"{user.name} has a new password and is signed out everywhere")
    return 0


async def set_role(settings: Settings, name: str, role: str) -> int:
    wanted = role_of(role)
    async with _registry(settings) as registry:
        user = await users.named(registry.db, name)
        await registry.set_role(user.id, wanted, by=who())
    console().print(f"{user.name} is {wanted}")
    return 0


async def remove(settings: Settings, name: str) -> int:
    async with _registry(settings) as registry:
        user = await users.named(registry.db, name)
        removed = await registry.remove(user.id, by=who(), last_too=True)
        left = await users.everyone(registry.db)
    console().print(f"removed {user.name}")
    for token in removed.tokens:
        console().print(f"revoked {token.name}")
    if not left:
        progress_console().print("there are no users any more: the web service asks nobody to sign in")
    return 0


async def make_token(settings: Settings, name: str, role: str) -> int:
    """The token alone on stdout, so that it can go into a file or another program."""
    wanted = role_of(role)
    async with _registry(settings) as registry:
        _, secret = await registry.make_token(name, wanted, by=who())
    sys.stdout.write(secret + "\n")
    progress_console().print("keep it; it is not shown again")
    return 0


async def list_tokens(settings: Settings, *, as_json: bool) -> int:
    async with _registry(settings) as registry:
        found = await tokens.valid(registry.db)
    rows: list[dict[str, Any]] = [
        {
            "id": token.id,
            "name": token.name,
            "role": token.role,
            "effectiveRole": token.effective_role,
            "createdAt": token.created_at,
            "createdBy": token.created_by,
            "lastUsedAt": token.last_used_at,
        }
        for token in found
    ]
    columns = ("id", "name", "role", "effectiveRole", "createdAt", "createdBy", "lastUsedAt")
    return _listed(columns, rows, as_json=as_json)


async def revoke_token(settings: Settings, name: str) -> int:
    async with _registry(settings) as registry:
        token = await tokens.named(registry.db, name)
        await registry.revoke_token(token.id, by=who())
    console().print(f"revoked {token.name}")
    return 0


def chosen_password(stdin: TextIO = sys.stdin, ask: Callable[[str], str] = getpass.getpass) -> str:
    """Asked for twice without echo on a terminal, else one line. Raises `NotAllowed`."""
    password = checked_password(asked(stdin, ask, "Password: "))
    if stdin.isatty() and checked_password(asked(stdin, ask, "Again: ")) != password:
        raise NotAllowed(Refusal.DIFFERENT)
    return password


@asynccontextmanager
async def _registry(settings: Settings) -> AsyncIterator[Registry]:
    async with open_database(settings) as db:
        yield Registry(db, utcnow)


def _listed(columns: tuple[str, ...], rows: list[dict[str, Any]], *, as_json: bool) -> int:
    if as_json:
        print_json(rows)
    else:
        console().print(table(columns, ([row[column] for column in columns] for row in rows)))
    return 0
