"""Sign-in, sign-out, and a person's own page."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hamgam.app.access import Viewer
from hamgam.app.addresses import SIGN_OUT, page_at
from hamgam.app.entrance import SESSION_COOKIE, SIGN_IN, Visitor, Way, peer_of
from hamgam.app.forms import form_of
from hamgam.app.pages.refused_form import RefusedForm, refused_form
from hamgam.app.pages.shell import page
from hamgam.people import sessions
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.registry import Registry
from hamgam.people.signing_in import Opened, TooOften

_BROWSER_COOKIE = "hamgam-browser"
_A_YEAR = 365 * 24 * 3600


def sign_in_routes(registry: Registry) -> APIRouter:
    router = APIRouter()
    _door(router, registry)
    _own_page(router, registry)
    return router


def _door(router: APIRouter, registry: Registry) -> None:
    @router.get(SIGN_IN)
    async def sign_in_page(request: Request) -> Response:
        wanted = page_at(request, request.query_params.get("next", ""))
        if _visitor(request).way is not Way.STRANGER:
            return RedirectResponse(wanted, 303)
        why = "sign_in.ended" if "ended" in request.query_params else ""
        return _sign_in_page(request, 200, wanted, failed=why)

    @router.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        form = await form_of(request)
        wanted, name = page_at(request, form.get("next", "")), form.get("name", "")
        opened = await registry.signing_in.sign_in(
            name, form.get("password", ""), peer_of(request), request.cookies.get(_BROWSER_COOKIE, "")
        )
        if isinstance(opened, TooOften):
            seconds = opened.wait_seconds
            return _sign_in_page(
                request, 429, wanted, failed="sign_in.too_often", name=name, wait_seconds=seconds
            )
        if opened is None:
            return _sign_in_page(request, 401, wanted, failed="sign_in.failed", name=name)
        await sessions.end(registry.db, _visitor(request).session)
        answer = RedirectResponse(wanted, 303)
        _keep(request, answer, opened)
        return answer

    @router.post(SIGN_OUT)
    async def sign_out(request: Request, _: Viewer) -> Response:
        await sessions.end(registry.db, _visitor(request).session)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax")
        return answer


def _sign_in_page(
    request: Request, status: int, wanted: str, *, failed: str, name: str = "", wait_seconds: int = 0
) -> Response:
    """With the name that was typed."""
    added = request.method == "GET" and "added" in request.query_params
    values = {"next": wanted, "failed": failed, "name": name, "wait_seconds": wait_seconds, "added": added}
    answer = page(request, "sign_in.html", status, **values)
    return _held(answer, wait_seconds) if wait_seconds else answer


def _held(answer: Response, wait_seconds: int) -> Response:
    answer.headers["retry-after"] = str(wait_seconds)
    return answer


def _own_page(router: APIRouter, registry: Registry) -> None:
    @router.get("/me")
    async def own_page(request: Request, _: Viewer) -> Response:
        return page(request, "me.html", refused=RefusedForm(), done="done" in request.query_params)

    @router.post("/me/password")
    async def change_password(request: Request, person: Viewer) -> Response:
        form, visitor = await form_of(request), _visitor(request)
        if visitor.way is not Way.SESSION:
            return RedirectResponse("/me", 303)
        new = form.get("password", "")
        try:
            if new != form.get("again", ""):
                raise NotAllowed(Refusal.DIFFERENT)
            changed = await registry.signing_in.change_password(
                person.name, form.get("present", ""), new, visitor.session
            )
        except NotAllowed as error:
            refused = await refused_form(request, error)
            return page(request, "me.html", 400, refused=refused, done=False)
        if isinstance(changed, TooOften):
            refused = RefusedForm("sign_in.too_often", wait_seconds=changed.wait_seconds)
            return _held(page(request, "me.html", 429, refused=refused, done=False), changed.wait_seconds)
        return RedirectResponse("/me?done", 303)


def _keep(request: Request, answer: Response, opened: Opened) -> None:
    """Behind a proxy the scheme is what X-Forwarded-Proto says, if the proxy is one that is believed."""
    secure = request.url.scheme == "https"
    answer.set_cookie(SESSION_COOKIE, opened.session, httponly=True, samesite="lax", secure=secure)
    answer.set_cookie(
        _BROWSER_COOKIE,
        opened.browser,
        max_age=_A_YEAR,
        path=SIGN_IN,
        httponly=True,
        samesite="lax",
        secure=secure,
    )


def _visitor(request: Request) -> Visitor:
    visitor = request.state.visitor
    assert isinstance(visitor, Visitor)
    return visitor
