"""`/api/v1/people`, `/api/v1/tokens` and `/api/v1/me`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hamgam.app.access import Admin, Viewer
from hamgam.app.answers import Answer
from hamgam.app.entrance import Visitor, Way
from hamgam.app.problems import RequestRefused
from hamgam.people import sessions, tokens, users
from hamgam.people.registry import Registry
from hamgam.people.roles import Role
from hamgam.people.signing_in import TooOften

_Name = Annotated[str, Field(description="one name in all its spellings", examples=["maryam"])]
_Password = Annotated[SecretStr, Field(description="10 to 200 characters", examples=["three words and more"])]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewPerson(_Given):
    name: _Name
    role: Role
    password: _Password


class NewRole(_Given):
    role: Role


class NewPassword(_Given):
    password: _Password


class OwnPassword(_Given):
    present: SecretStr
    password: _Password


class NewToken(_Given):
    name: _Name
    role: Role


class PersonShown(Answer):
    id: UUID
    name: str
    role: Role
    created_at: datetime


class TokenShown(Answer):
    id: UUID
    name: str
    role: Role
    """That it was made with."""
    effective_role: Role | None
    """The lower of its own and its maker's present role; null: the maker was removed."""
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    """To the minute."""


class TokenMade(TokenShown):
    token: str
    """For `Authorization: Bearer …`; shown this once."""


class PersonRemoved(PersonShown):
    tokens: list[TokenShown]
    """Which this person made; they end, too."""


class Me(Answer):
    name: str
    role: Role


Responses = dict[int | str, dict[str, Any]]
_UNKNOWN: Responses = {404: {"description": "Nobody, and nothing, has this id"}}
_REFUSED: Responses = {409: {"description": "The name is taken, or no admin would be left"}}
_NO_SESSION: Responses = {409: {"description": "The request came without a session"}}
_TOO_OFTEN: Responses = {429: {"description": "Too many wrong passwords"}}


def people_routes(registry: Registry) -> APIRouter:
    router = APIRouter()
    router.include_router(_people(registry), tags=["people"])
    router.include_router(_tokens(registry), tags=["tokens"])
    router.include_router(_me(registry), tags=["me"])
    return router


def _people(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/people")

    @router.get("")
    async def list_people(_: Admin) -> list[PersonShown]:
        """Everybody who may sign in."""
        return [PersonShown.model_validate(user) for user in await users.everyone(registry.db)]

    @router.post("", status_code=201, responses=_REFUSED)
    async def add_person(admin: Admin, given: NewPerson) -> PersonShown:
        """Let somebody in. The first one has to be an admin."""
        password = given.password.get_secret_value()
        return PersonShown.model_validate(await registry.add(given.name, given.role, password, by=admin.name))

    @router.put("/{person_id}/role", responses=_UNKNOWN | _REFUSED)
    async def change_role(admin: Admin, person_id: UUID, given: NewRole) -> PersonShown:
        """It counts from the next request on, and bounds the tokens that this person made."""
        return PersonShown.model_validate(await registry.set_role(person_id, given.role, by=admin.name))

    @router.put("/{person_id}/password", responses=_UNKNOWN)
    async def reset_password(admin: Admin, person_id: UUID, given: NewPassword) -> PersonShown:
        """All sessions of this person end."""
        password = given.password.get_secret_value()
        return PersonShown.model_validate(await registry.set_password(person_id, password, by=admin.name))

    @router.delete("/{person_id}", responses=_UNKNOWN | _REFUSED)
    async def remove_person(admin: Admin, person_id: UUID) -> PersonRemoved:
        """Let somebody in no more. All sessions of this person end, and the tokens that they made."""
        removed = await registry.remove(person_id, by=admin.name)
        return PersonRemoved(
            **PersonShown.model_validate(removed.user).model_dump(),
            tokens=[TokenShown.model_validate(token) for token in removed.tokens],
        )

    return router


def _tokens(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/tokens")

    @router.get("")
    async def list_tokens(_: Admin) -> list[TokenShown]:
        """The tokens that are valid, without their secrets."""
        return [TokenShown.model_validate(token) for token in await tokens.valid(registry.db)]

    @router.post("", status_code=201, responses=_REFUSED)
    async def make_token(admin: Admin, given: NewToken) -> TokenMade:
        """A token for a program: `Authorization: Bearer …`. It may never do more than who makes it."""
        made, secret = await registry.make_token(given.name, given.role, by=admin.name)
        return TokenMade(**TokenShown.model_validate(made).model_dump(), token=secret)

    @router.delete("/{token_id}", responses=_UNKNOWN)
    async def revoke_token(admin: Admin, token_id: UUID) -> TokenShown:
        """It counts from the next request on."""
        return TokenShown.model_validate(await registry.revoke_token(token_id, by=admin.name))

    return router


def _me(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/me")

    @router.get("")
    async def who_asks(person: Viewer) -> Me:
        """Who asks, and with which role."""
        return Me(name=person.name, role=person.role)

    @router.delete("/session", status_code=204, responses=_NO_SESSION)
    async def sign_out(request: Request, _: Viewer) -> None:
        """End the session that this request came with."""
        visitor: Visitor = request.state.visitor
        if visitor.way is not Way.SESSION:
            raise RequestRefused("no-session", "this request came without a session")
        await sessions.end(registry.db, visitor.session)

    @router.put("/password", status_code=204, responses=_NO_SESSION | _TOO_OFTEN)
    async def change_password(request: Request, person: Viewer, given: OwnPassword) -> None:
        """Of who is signed in. The other sessions of this person end."""
        visitor: Visitor = request.state.visitor
        if visitor.way is not Way.SESSION:
            raise RequestRefused("no-session", "only who is signed in has a password")
        present, new = given.present.get_secret_value(), given.password.get_secret_value()
        done = await registry.signing_in.change_password(person.name, present, new, visitor.session)
        if isinstance(done, TooOften):
            raise RequestRefused(
                "too-often", "too many wrong passwords", {"retry-after": str(done.wait_seconds)}
            )

    return router
