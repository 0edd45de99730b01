"""The overview: what the installation is doing, live."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.access import Viewer, person_of
from hamgam.app.api.charts import SHOWN, SPANS, Window
from hamgam.app.context import WebContext
from hamgam.app.glance import PROBLEMS, glance
from hamgam.app.masking import as_seen_by
from hamgam.app.pages.shell import page
from hamgam.db.engine import DATABASE_GONE
from hamgam.model import Direction
from hamgam.trail import pulse
from hamgam.trail import status as numbers
from hamgam.trail.status import SyncFilter

_ROWS = 15
_NEW_FOR = timedelta(seconds=6)
_ERROR_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sync as the page shows it."""

    id: str
    at: datetime
    new: bool
    name: str
    entity_type: str
    kind: str | None
    operation: str
    status: str
    reason: str | None
    error: str
    attention: bool
    trigger: str
    crm_id: str | None
    finance_id: str | None


def overview_routes(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def overview(request: Request, _: Viewer, window: str = Window.HOUR) -> HTMLResponse:
        chosen = Window(window) if window in list(Window) else Window.HOUR
        spans = SPANS[chosen]
        try:
            found = await pulse.outcomes(context.db, context.clock(), spans.number, spans.seconds)
        except DATABASE_GONE:
            return page(request, "overview.html", 503, view=None)
        totals = {status: found.total(status) for status in SHOWN}
        frame = {"window": chosen, "windows": list(Window), "totals": totals}
        return await _overview(context, request, "overview.html", **frame)

    @router.get("/live")
    async def live_part(request: Request, _: Viewer) -> HTMLResponse:
        return await _overview(context, request, "live.html")

    return router


async def _overview(context: WebContext, request: Request, template: str, **values: Any) -> HTMLResponse:
    try:
        now = await glance(context.db, context.clock, worker_here=context.workers_running())
        rows = await numbers.recent(context.db, SyncFilter(), _ROWS)
    except DATABASE_GONE:
        return page(request, template, 503, view=None, **values)
    shown = [_row(as_seen_by(person_of(request), row), now.now) for row in rows]
    return page(request, template, view=now, rows=shown, **values)


def _row(row: Mapping[str, Any], now: datetime) -> Row:
    source, target = row["sourceEntityId"], row["targetEntityId"]
    from_crm = row["direction"] == Direction.CRM_TO_FINANCE
    attention = row["status"] in PROBLEMS and row["resolvedAt"] is None
    return Row(
        id=str(row["id"]),
        at=row["startedAt"],
        new=now - (row["completedAt"] or row["startedAt"]) < _NEW_FOR,
        name=_name(row["sourceData"]),
        entity_type=row["entityType"],
        kind=row["kind"],
        operation=row["operation"],
        status=row["status"],
        reason=row["reason"],
        error=(row["errorMessage"] or "")[:_ERROR_CHARACTERS] if attention else "",
        attention=attention,
        trigger=row["triggerType"],
        crm_id=source if from_crm else target,
        finance_id=target if from_crm else source,
    )


def _name(source: Any) -> str:
    """What a person knows the record by: a customer's name, or a document's number."""
    if not isinstance(source, dict):
        return ""
    fields = source.get("fields")
    name = fields.get("name") if isinstance(fields, dict) else None
    return str(name or source.get("number") or "")
