"""The import: plan it, start it, follow it, stop it and let it go on."""

from collections.abc import Awaitable, Mapping
from uuid import UUID, uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.access import Admin, Viewer, person_of
from hamgam.app.context import WebContext
from hamgam.app.forms import form_of
from hamgam.app.import_view import (
    MOST_CONTACTS,
    ImportView,
    Outcome,
    Position,
    Why,
    confirm_link,
    contacts_link,
    detail,
    import_view,
    planned_contacts,
)
from hamgam.app.pages.import_form import Mistyped, asked_for
from hamgam.app.pages.shell import page
from hamgam.app.problems import RequestRefused
from hamgam.jobs import importing
from hamgam.sync.initial_import import NotNow
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run

_SEE_OTHER = 303
_CONTACTS = 100
_NOTHING: Mapping[str, str] = {}


class _Page:
    """The page as it is, or as it is after whatever was tried."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def show(self, request: Request, template: str, run_id: UUID | None = None) -> HTMLResponse:
        view = await import_view(self._context, run_id)
        if run_id is not None and view.run is None:
            raise RequestRefused("import", "there is no such import")
        return _whole(request, template, 200, view, only=run_id)

    async def confirm(self, request: Request) -> HTMLResponse:
        try:
            asked = asked_for(request.query_params, "")
        except Mistyped as error:
            return await self.again(request, 400, request.query_params, mistyped=error.field)
        view = await import_view(self._context)
        expected = view.forecast(asked.limit)
        return page(request, "import_confirm.html", view=view, asked=asked, expected=expected)

    async def again(
        self,
        request: Request,
        status: int,
        typed: Mapping[str, str],
        *,
        refused: str = "",
        mistyped: str = "",
    ) -> HTMLResponse:
        """The page with the form as it was typed, and what is wrong with it."""
        view = await import_view(self._context)
        return _whole(request, "import.html", status, view, typed=typed, refused=refused, mistyped=mistyped)

    async def after(
        self, request: Request, doing: Awaitable[Run], typed: Mapping[str, str] = _NOTHING
    ) -> Response:
        try:
            await doing
        except NotNow as error:
            if error.code == importing.UNKNOWN:
                raise RequestRefused("import", str(error)) from None
            return await self.again(request, 409, typed, refused=error.code)
        return RedirectResponse("/import", _SEE_OTHER)


def importing_routes(context: WebContext) -> APIRouter:
    router, shown = APIRouter(prefix="/import"), _Page(context)

    @router.get("")
    async def imports(request: Request, _: Viewer) -> HTMLResponse:
        return await shown.show(request, "import.html")

    @router.get("/live")
    async def live_part(request: Request, _: Viewer, run: UUID | None = None) -> HTMLResponse:
        return await shown.show(request, "import_live.html", run)

    _actions(router, context, shown)
    _one_run(router, context, shown)
    return router


def _actions(router: APIRouter, context: WebContext, shown: _Page) -> None:
    @router.get("/confirm")
    async def confirm(request: Request, _: Admin) -> HTMLResponse:
        return await shown.confirm(request)

    @router.post("/start")
    async def start(request: Request, person: Admin) -> Response:
        form = await form_of(request)
        try:
            asked = asked_for(form, person.name)
        except Mistyped as error:
            return await shown.again(request, 400, form, mistyped=error.field)
        if not (asked.dry_run or form.get("confirmed")):
            return RedirectResponse(confirm_link(asked), _SEE_OTHER)
        return await shown.after(request, importing.start(context.db, asked, context.clock()), form)

    @router.post("/{run_id}/stop")
    async def stop(request: Request, person: Admin, run_id: UUID) -> Response:
        stopping = importing.stop(context.db, run_id, person.name, context.clock())
        return await shown.after(request, stopping)

    @router.post("/{run_id}/resume")
    async def resume(request: Request, person: Admin, run_id: UUID) -> Response:
        resuming = importing.resume(context.db, run_id, person.name, context.clock())
        return await shown.after(request, resuming)


def _one_run(router: APIRouter, context: WebContext, shown: _Page) -> None:
    @router.get("/{run_id}")
    async def one(request: Request, _: Viewer, run_id: UUID) -> HTMLResponse:
        return await shown.show(request, "import.html", run_id)

    @router.get("/{run_id}/contacts")
    async def contacts(
        request: Request,
        person: Viewer,
        run_id: UUID,
        outcome: Outcome = "",
        reason: Why = "",
        after: Position = 0,
    ) -> HTMLResponse:
        run = await import_runs.find(context.db, run_id)
        if run is None or not run.request.dry_run:
            raise RequestRefused("import", "there is no such plan")
        found, further = await planned_contacts(
            context.db, person, run_id, outcome=outcome, reason=reason, after=after, limit=_CONTACTS
        )
        return page(
            request,
            "import_contacts.html",
            run=run,
            outcome=outcome,
            reason=reason,
            contacts=found,
            first=after == 0,
            further=contacts_link(run_id, outcome, reason, further) if further else "",
            now=context.clock(),
        )


def _whole(
    request: Request,
    template: str,
    status: int,
    view: ImportView,
    *,
    only: UUID | None = None,
    typed: Mapping[str, str] = _NOTHING,
    refused: str = "",
    mistyped: str = "",
) -> HTMLResponse:
    return page(
        request,
        template,
        status,
        view=view,
        answer=detail(view.run, person_of(request)) if view.run else "",
        only=only,
        typed=typed,
        refused=refused,
        mistyped=mistyped,
        confirm_link=confirm_link,
        new_run=uuid4(),
        most=MOST_CONTACTS,
    )
