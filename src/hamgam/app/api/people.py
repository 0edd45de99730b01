"""`/api/v1/people`, `/api/v1/tokens` and `/api/v1/me`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.exceptions import HTTPException

from hamgam.app.access import Admin, Viewer
from hamgam.app.entrance import Visitor, Way
from hamgam.people import sessions, tokens, users
from hamgam.people.registry import Registry
from hamgam.people.roles import Role
from hamgam.people.signing_in import TooOften
from hamgam.people.tokens import ApiToken
from hamgam.people.users import User

_Name = Annotated[str, Field(description="one name in all its spellings", examples=["maryam"])]
_Password = Annotated[SecretStr, Field(description="10 to 200 characters", examples=["three words and more"])]

_RevokeTokens = Annotated[bool, Query(description="also revoke the tokens that this person made")]


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


class PersonShown(BaseModel):
    id: UUID
    name: str
    role: Role
    createdAt: datetime


class TokenShown(BaseModel):
    id: UUID
    name: str
    role: Role
    createdAt: datetime
    createdBy: str
    lastUsedAt: datetime | None


class TokenMade(TokenShown):
    token: Annotated[str, Field(description="shown this once")]


class PersonRemoved(PersonShown):
    tokens: Annotated[list[TokenShown], Field(description="which this person made, and which were valid")]
    tokensRevoked: Annotated[bool, Field(description="whether these are valid no more")]


class Me(BaseModel):
    name: str
    role: Role


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
        return [_person(user) for user in await users.everyone(registry.db)]

    @router.post("", status_code=201)
    async def add_person(admin: Admin, given: NewPerson) -> PersonShown:
        """Let somebody in. The first one has to be an admin."""
        password = given.password.get_secret_value()
        return _person(await registry.add(given.name, given.role, password, by=admin.name))

    @router.put("/{person_id}/role")
    async def change_role(admin: Admin, person_id: UUID, given: NewRole) -> PersonShown:
        """It counts from the next request on."""
        return _person(await registry.set_role(person_id, given.role, by=admin.name))

    @router.put("/{person_id}/password")
    async def reset_password(admin: Admin, person_id: UUID, given: NewPassword) -> PersonShown:
        """All sessions of this person end."""
        password = given.password.get_secret_value()
        return _person(await registry.set_password(person_id, password, by=admin.name))

    @router.delete("/{person_id}")
    async def remove_person(
        admin: Admin, person_id: UUID, revokeTokens: _RevokeTokens = False
    ) -> PersonRemoved:
        """Let somebody in no more. All sessions of this person end, tokens only with `revokeTokens`."""
        removed = await registry.remove(person_id, by=admin.name, tokens_too=revokeTokens)
        return PersonRemoved(
            **_person(removed.user).model_dump(),
            tokens=[TokenShown.model_validate(_token(token)) for token in removed.tokens],
            tokensRevoked=removed.revoked,
        )

    return router


def _tokens(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/tokens")

    @router.get("")
    async def list_tokens(_: Admin) -> list[TokenShown]:
        """The tokens that are valid, without their secrets."""
        return [TokenShown.model_validate(_token(token)) for token in await tokens.valid(registry.db)]

    @router.post("", status_code=201)
    async def make_token(admin: Admin, given: NewToken) -> TokenMade:
        """A token for a program: `Authorization: Bearer …`."""
        made, secret = await registry.make_token(given.name, given.role, by=admin.name)
        return TokenMade.model_validate(_token(made) | {"token": secret})

    @router.delete("/{token_id}")
    async def revoke_token(admin: Admin, token_id: UUID) -> TokenShown:
        """It counts from the next request on."""
        return TokenShown.model_validate(_token(await registry.revoke_token(token_id, by=admin.name)))

    return router


def _me(registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/me")

    @router.get("")
    async def who_asks(person: Viewer) -> Me:
        """Who asks, and with which role."""
        return Me(name=person.name, role=person.role)

    @router.delete("/session", status_code=204)
    async def sign_out(request: Request, _: Viewer) -> None:
        """End the session that this request came with."""
        visitor: Visitor = request.state.visitor
        if visitor.way is not Way.SESSION:
            raise HTTPException(409, "this request came without a session")
        await sessions.end(registry.db, visitor.session)

    @router.put("/password", status_code=204)
    async def change_password(request: Request, person: Viewer, given: OwnPassword) -> None:
        """Of who is signed in. The other sessions of this person end."""
        visitor: Visitor = request.state.visitor
        if visitor.way is not Way.SESSION:
            raise HTTPException(409, "only who is signed in has a password")
        present, new = given.present.get_secret_value(), given.password.get_secret_value()
        done = await registry.signing_in.change_password(person.name, present, new, visitor.session)
        if isinstance(done, TooOften):
            raise HTTPException(429, "too many tries", {"retry-after": str(done.wait_seconds)})

    return router


def _person(user: User) -> PersonShown:
    return PersonShown(id=user.id, name=user.name, role=user.role, createdAt=user.created_at)


def _token(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "createdAt": token.created_at,
        "createdBy": token.created_by,
        "lastUsedAt": token.last_used_at,
    }
