"""The import: plan it, start it, follow it, stop it and let it go on."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.datastructures import ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Admin, Viewer, person_of
from hamgam.app.api.imports import MOST_CONTACTS, Outcome, Position
from hamgam.app.context import WebContext
from hamgam.app.forms import form_of
from hamgam.app.import_view import contacts_link, detail, import_view, planned_contacts
from hamgam.app.pages.shell import page
from hamgam.db.engine import DATABASE_GONE
from hamgam.jobs import importing
from hamgam.persian import to_latin_digits
from hamgam.sync.initial_import import NotNow
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunRequest

_SEE_OTHER = 303
_MOST_DIGITS = 12
_CONTACTS = 100
Given = ImmutableMultiDict[str, str]


def importing_routes(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/import")

    @router.get("")
    async def imports(request: Request, _: Viewer) -> HTMLResponse:
        return await _shown(context, request, "import.html")

    @router.get("/live")
    async def live_part(request: Request, _: Viewer, run: UUID | None = None) -> HTMLResponse:
        return await _shown(context, request, "import_live.html", run)

    @router.get("/confirm")
    async def confirm(request: Request, _: Admin) -> HTMLResponse:
        return await _confirm(context, request)

    @router.post("/start")
    async def start(request: Request, person: Admin) -> Response:
        form = await form_of(request)
        asked = _request_of(form, person.name)
        if not (asked.dry_run or form.get("confirmed")):
            return RedirectResponse(f"/import/confirm?{_query(asked)}", _SEE_OTHER)
        return await _done(
            context, request, lambda: importing.start(context.db, asked, context.clock()), "/import"
        )

    @router.post("/{run_id}/stop")
    async def stop(request: Request, person: Admin, run_id: UUID) -> Response:
        now = context.clock()
        return await _done(
            context, request, lambda: importing.stop(context.db, run_id, person.name, now), "/import"
        )

    @router.post("/{run_id}/resume")
    async def resume(request: Request, person: Admin, run_id: UUID) -> Response:
        now = context.clock()
        return await _done(
            context, request, lambda: importing.resume(context.db, run_id, person.name, now), "/import"
        )

    @router.get("/{run_id}")
    async def one(request: Request, _: Viewer, run_id: UUID) -> HTMLResponse:
        return await _shown(context, request, "import.html", run_id)

    @router.get("/{run_id}/contacts")
    async def contacts(
        request: Request,
        person: Viewer,
        run_id: UUID,
        outcome: Outcome = "",
        reason: str = "",
        after: Position = 0,
    ) -> HTMLResponse:
        run = await import_runs.find(context.db, run_id)
        if run is None or not run.request.dry_run:
            raise HTTPException(404, "there is no such plan")
        shown, further = await planned_contacts(
            context.db, person, run_id, outcome=outcome, reason=reason, after=after, limit=_CONTACTS
        )
        return page(
            request,
            "import_contacts.html",
            run=run,
            outcome=outcome,
            reason=reason,
            contacts=shown,
            first=after == 0,
            further=contacts_link(run_id, outcome, reason, further) if further else "",
            now=context.clock(),
        )

    return router


async def _done(
    context: WebContext, request: Request, action: Callable[[], Awaitable[Run]], after: str
) -> Response:
    try:
        await action()
    except NotNow as error:
        if error.code == importing.UNKNOWN:
            raise HTTPException(404, str(error)) from None
        return await _shown(context, request, "import.html", refused=error.code)
    return RedirectResponse(after, _SEE_OTHER)


async def _shown(
    context: WebContext, request: Request, template: str, run_id: UUID | None = None, refused: str = ""
) -> HTMLResponse:
    try:
        view = await import_view(context, run_id)
    except DATABASE_GONE:
        return page(request, template, 503, view=None, only=run_id, refused="", new_run=uuid4())
    if view is None:
        raise HTTPException(404, "there is no such import")
    said = detail(view.run, person_of(request)) if view.run else ""
    return page(
        request,
        template,
        409 if refused else 200,
        view=view,
        said=said,
        only=run_id,
        refused=refused,
        new_run=uuid4(),
    )


async def _confirm(context: WebContext, request: Request) -> HTMLResponse:
    asked = _request_of(request.query_params, "")
    view = await import_view(context)
    assert view is not None
    plan = view.plan
    return page(request, "import_confirm.html", view=view, asked=asked, plan=plan)


def _request_of(given: Given, by: str) -> RunRequest:
    """What a form asks for. Its id was made with the form: sent twice, it asks once."""
    return RunRequest(
        id=_id(given.get("run")),
        dry_run=_is_on(given, "dry_run"),
        limit=_limit(given.get("limit", "")),
        again=_is_on(given, "again"),
        force=_is_on(given, "force"),
        started_by=by,
    )


def _query(asked: RunRequest) -> str:
    wanted = {"run": asked.id, "limit": asked.limit, "again": asked.again, "force": asked.force}
    return urlencode({name: value for name, value in wanted.items() if value})


def _id(text: str | None) -> UUID:
    try:
        return UUID(text) if text else uuid4()
    except ValueError:
        raise HTTPException(400, "run: is no id of an import") from None


def _is_on(given: Given, name: str) -> bool:
    return given.get(name, "") not in ("", "false", "0")


def _limit(text: str) -> int | None:
    digits = to_latin_digits(text).strip()
    if not digits:
        return None
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else 0
    if not 1 <= number <= MOST_CONTACTS:
        raise HTTPException(400, f"limit: must be a whole number from 1 to {MOST_CONTACTS}")
    return number
