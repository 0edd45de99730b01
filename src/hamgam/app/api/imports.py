"""`/api/v1/imports`: start an import, follow it, stop it and let it go on."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from hamgam.app.access import Admin, Viewer
from hamgam.app.answers import Answer
from hamgam.app.context import WebContext
from hamgam.app.import_view import MOST_CONTACTS, OUTCOMES, Outcome, Position, Why, detail, planned_contacts
from hamgam.app.problems import RequestRefused, named
from hamgam.jobs import importing
from hamgam.people.roles import Person
from hamgam.sync.initial_import import RUNS_ALREADY, NotNow
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunRequest, RunState


class WantedImport(BaseModel):
    """What to import."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    dry_run: bool = Field(False, description="read only, and count what would be done", examples=[True])
    limit: int | None = Field(None, ge=1, le=MOST_CONTACTS, description="create or link at most this many")
    again: bool = Field(False, description="run although an import has finished: link and add what is new")
    force: bool = Field(False, description="create suspiciously many customers (MAX_CHANGE_PERCENT)")


class ImportShown(Answer):
    """An import, or with `dryRun` a plan of one."""

    id: UUID
    state: RunState
    dry_run: bool
    limit: int | None
    """It creates or links at most so many."""
    again: bool
    force: bool
    started_at: datetime
    started_by: str | None
    """Null: from the command line."""
    ended_at: datetime | None
    finished_at: datetime | None
    """Set only when every contact was looked at and none failed."""
    stopped_by: str | None
    resumed_by: str | None
    trouble: str | None
    """The reason code for which it could not go on; `DIED`: its process ended before it did."""
    detail: str
    """What a remote system said of the trouble; masked for viewers."""
    total: int | None
    """Contacts in finance; null: they are not counted yet."""
    created: int
    linked: int
    skipped: int
    failed: int
    not_looked_at: int | None
    """It is limited, or under way, or ended early."""
    reasons: dict[str, int]
    """How many were skipped or failed for which reason code."""
    per_second: float | None
    """Contacts in a second, of late."""
    seconds_left: float | None
    waits_for: str | None
    """The remote system that is down."""
    heard_at: datetime | None
    """When its process last said how far it is."""


class Planned(Answer):
    """What a plan would do with one contact of finance."""

    finance_id: str = Field(validation_alias="code")
    name: str
    """Masked for viewers."""
    kind: str
    """`person` or `organization`."""
    outcome: str
    """`created`, `linked`, `skipped` or `failed`."""
    reason: str | None
    crm_id: str | None = Field(validation_alias="customer")
    """Of the customer that it is linked to, would be, or is in conflict with."""


class PlannedPage(Answer):
    contacts: list[Planned]
    next: int | None
    """Goes into `after` for the contacts that follow; null: these are the last."""


_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such import"}}


def _refused(description: str) -> dict[int | str, dict[str, Any]]:
    return {409: {"description": description}}


def import_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["imports"])
    router.include_router(_reading(context))
    router.include_router(_acting(context))
    return router


def _reading(context: WebContext) -> APIRouter:
    router, db = APIRouter(prefix="/imports"), context.db

    @router.get("")
    async def list_imports(
        person: Viewer, limit: Annotated[int, Query(ge=1, le=200)] = 20
    ) -> list[ImportShown]:
        """Imports and plans, newest first, also those from the command line."""
        return [_shown(run, person) for run in await import_runs.recent(db, limit)]

    @router.get("/{run_id}", responses=_UNKNOWN)
    async def get_import(person: Viewer, run_id: UUID) -> ImportShown:
        """One import: its state, and how far it is."""
        run = await import_runs.find(db, run_id)
        if run is None:
            raise HTTPException(404, "there is no such import")
        return _shown(run, person)

    @router.get("/{run_id}/contacts", responses=_UNKNOWN)
    async def list_planned_contacts(
        person: Viewer,
        run_id: UUID,
        outcome: Outcome = "",
        reason: Why = "",
        after: Position = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> PlannedPage:
        """What the newest plan would do with each contact, in finance's order.

        A plan is kept until the next one is made. What an import has written is in the syncs.
        """
        run = await import_runs.find(db, run_id)
        if run is None or not run.request.dry_run:
            raise HTTPException(404, "there is no such plan")
        shown, further = await planned_contacts(
            db, person, run_id, outcome=outcome, reason=reason, after=after, limit=limit
        )
        contacts = [Planned.model_validate(contact) for contact in shown]
        return PlannedPage(contacts=contacts, next=further)

    return router


def _acting(context: WebContext) -> APIRouter:
    router, db = APIRouter(prefix="/imports"), context.db

    @router.post("", status_code=202, responses=_refused("One runs, or has finished"))
    async def start_import(person: Admin, wanted: WantedImport) -> ImportShown:
        """Start an import or, with `dryRun`, a plan of one. A worker carries it out."""
        request = RunRequest(id=uuid4(), started_by=person.name, **wanted.model_dump())
        try:
            return _shown(await importing.start(db, request, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    @router.post("/{run_id}/stop", responses=_UNKNOWN | _refused("It has ended"))
    async def stop_import(person: Admin, run_id: UUID) -> ImportShown:
        """Stop an import after the records that are in flight."""
        try:
            return _shown(await importing.stop(db, run_id, person.name, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    @router.post("/{run_id}/resume", responses=_UNKNOWN | _refused("It is not at rest, or another runs"))
    async def resume_import(person: Admin, run_id: UUID) -> ImportShown:
        """Let an import go on that was stopped or broke off."""
        try:
            return _shown(await importing.resume(db, run_id, person.name, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    return router


async def _refusal(context: WebContext, error: NotNow) -> RequestRefused:
    run = await import_runs.open_run(context.db) if error.code == RUNS_ALREADY else None
    which = f" (import {run.id})" if run else ""
    return RequestRefused(named(error.code), f"{error}{which}")


def _shown(run: Run, person: Person) -> ImportShown:
    request = run.request
    return ImportShown(
        id=run.id,
        state=run.state,
        dry_run=request.dry_run,
        limit=request.limit,
        again=request.again,
        force=request.force,
        started_at=run.started_at,
        started_by=request.started_by,
        ended_at=run.ended_at,
        finished_at=run.finished_at,
        stopped_by=run.stopped_by,
        resumed_by=run.resumed_by,
        trouble=run.trouble,
        detail=detail(run, person),
        total=run.total,
        **{outcome: run.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        not_looked_at=run.unseen,
        reasons=dict(run.reasons),
        per_second=run.per_second,
        seconds_left=run.seconds_left,
        waits_for=run.waits_for,
        heard_at=run.heard_at,
    )
