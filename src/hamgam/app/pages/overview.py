"""The overview: what the installation is doing, live."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hamgam.app.context import WebContext
from hamgam.app.pages.shell import page
from hamgam.app.status import start_of_day
from hamgam.db.engine import DATABASE_GONE
from hamgam.jobs import queue
from hamgam.model import Direction, EntityType, Status, System
from hamgam.trail import status as numbers
from hamgam.trail.status import RemoteState, SyncFilter

_ROWS = 15
_NEW_FOR = timedelta(seconds=6)
_BAR = (
    Status.SUCCESS,
    Status.SKIPPED,
    Status.IN_PROGRESS,
    Status.PENDING,
    Status.CONFLICT,
    Status.IN_DOUBT,
    Status.FAILED,
)
"""The order in which outcomes are shown: calm ones first."""
_ATTENTION = (Status.FAILED, Status.CONFLICT, Status.IN_DOUBT)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that the live part of the page shows."""

    now: datetime
    systems: Mapping[System, RemoteState]
    mappings: Mapping[EntityType, int]
    depth: int
    oldest_seconds: float
    attention: int
    today: Mapping[Status, int]
    polled_at: datetime | None
    poll_cursor: datetime | None
    held: int
    rows: list[Row]


def overview_routes(context: WebContext) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def overview(request: Request) -> HTMLResponse:
        return await _overview(context, request, "overview.html")

    @router.get("/live")
    async def live_part(request: Request) -> HTMLResponse:
        return await _overview(context, request, "live.html")

    return router


async def _overview(context: WebContext, request: Request, template: str) -> HTMLResponse:
    try:
        view = await _view(context)
    except DATABASE_GONE:
        return page(request, template, 503, view=None)
    return page(request, template, view=view)


async def _view(context: WebContext) -> View:
    db, now = context.db, context.clock()
    today = await numbers.sync_counts_since(db, start_of_day(now))
    polls = (await numbers.poll_states(db)).values()
    return View(
        now=now,
        systems=await numbers.remote_states(db),
        mappings=await numbers.mapping_counts(db),
        depth=await queue.depth(db),
        oldest_seconds=await queue.oldest_waiting_seconds(db),
        attention=await numbers.attention_count(db),
        today={status: today[status] for status in _BAR},
        polled_at=max((poll.at for poll in polls if poll.at), default=None),
        poll_cursor=min((poll.cursor for poll in polls), default=None),
        held=sum(poll.held or 0 for poll in polls),
        rows=[_row(row, now) for row in await numbers.recent(db, SyncFilter(), _ROWS)],
    )


def _row(row: Mapping[str, Any], now: datetime) -> Row:
    source, target = row["sourceEntityId"], row["targetEntityId"]
    from_crm = row["direction"] == Direction.CRM_TO_FINANCE
    attention = row["status"] in _ATTENTION and row["resolvedAt"] is None
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
