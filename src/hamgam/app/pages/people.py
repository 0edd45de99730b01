"""People and tokens: who may come in, and as what."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hamgam.app.access import Admin
from hamgam.app.context import WebContext
from hamgam.app.entrance import SIGN_IN, Way
from hamgam.app.forms import form_of
from hamgam.app.pages.refused_form import RefusedForm, refused_form
from hamgam.app.pages.shell import page
from hamgam.people import tokens, users
from hamgam.people.names import role_of
from hamgam.people.refusals import NotAllowed
from hamgam.people.registry import Registry
from hamgam.people.roles import Role

_NOTHING = RefusedForm()
_UNNAMED = (Way.OPEN, Way.PASSWORD)
"""How one comes in while there are no users: who has added the first has to sign in."""
_DONE = ("added", "role", "password", "removed", "revoked")


class _Page:
    """The page as it is after whatever was tried."""

    def __init__(self, context: WebContext, registry: Registry) -> None:
        self._clock = context.clock
        self._db = registry.db

    async def show(
        self, request: Request, status: int = 200, *, refused: RefusedForm = _NOTHING, secret: str = ""
    ) -> Response:
        done = request.query_params.get("done", "")
        people, valid = await users.everyone(self._db), await tokens.valid(self._db)
        return page(
            request,
            "people.html",
            status,
            people=people,
            tokens=valid,
            made={person.id: [one for one in valid if one.maker_id == person.id] for person in people},
            roles=list(Role),
            now=self._clock(),
            done=done if done in _DONE else "",
            refused=refused,
            secret=secret,
        )

    async def refuse(self, request: Request, error: NotAllowed) -> Response:
        return await self.show(request, 409, refused=await refused_form(request, error))

    async def after(self, request: Request, done: str, doing: Awaitable[Any]) -> Response:
        try:
            await doing
        except NotAllowed as error:
            return await self.refuse(request, error)
        return RedirectResponse(f"/people?done={done}", 303)


def people_page(context: WebContext, registry: Registry) -> APIRouter:
    router, shown = APIRouter(prefix="/people"), _Page(context, registry)

    @router.get("")
    async def people(request: Request, _: Admin) -> Response:
        return await shown.show(request)

    _people_actions(router, registry, shown)
    _token_actions(router, registry, shown)
    return router


def _people_actions(router: APIRouter, registry: Registry, shown: _Page) -> None:
    @router.post("/add")
    async def add(request: Request, admin: Admin) -> Response:
        form = await form_of(request)

        async def adding() -> None:
            role = role_of(form.get("role", ""))
            await registry.add(form.get("name", ""), role, form.get("password", ""), by=admin.name)

        answer = await shown.after(request, "added", adding())
        if answer.status_code == 303 and request.state.visitor.way in _UNNAMED:
            return RedirectResponse(f"{SIGN_IN}?added=1&next=/people", 303)
        return answer

    @router.post("/{person_id}/role")
    async def set_role(request: Request, admin: Admin, person_id: UUID) -> Response:
        form = await form_of(request)

        async def setting() -> None:
            await registry.set_role(person_id, role_of(form.get("role", "")), by=admin.name)

        return await shown.after(request, "role", setting())

    @router.post("/{person_id}/password")
    async def set_password(request: Request, admin: Admin, person_id: UUID) -> Response:
        form = await form_of(request)
        setting = registry.set_password(person_id, form.get("password", ""), by=admin.name)
        return await shown.after(request, "password", setting)

    @router.post("/{person_id}/remove")
    async def remove(request: Request, admin: Admin, person_id: UUID) -> Response:
        return await shown.after(request, "removed", registry.remove(person_id, by=admin.name))


def _token_actions(router: APIRouter, registry: Registry, shown: _Page) -> None:
    @router.post("/tokens/add")
    async def make_token(request: Request, admin: Admin) -> Response:
        """The answer is the page itself: the secret may stand in no address. Sent again, it is refused."""
        form = await form_of(request)
        try:
            role = role_of(form.get("role", ""))
            _, secret = await registry.make_token(form.get("name", ""), role, by=admin.name)
        except NotAllowed as error:
            return await shown.refuse(request, error)
        return await shown.show(request, 201, secret=secret)

    @router.post("/tokens/{token_id}/revoke")
    async def revoke(request: Request, admin: Admin, token_id: UUID) -> Response:
        return await shown.after(request, "revoked", registry.revoke_token(token_id, by=admin.name))
