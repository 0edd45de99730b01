"""`/api/v1/imports`: start an import, follow it, stop it and let it go on."""

from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from hamgam.app.access import Admin, Viewer
from hamgam.app.context import WebContext
from hamgam.app.import_view import (
    MOST_CONTACTS,
    Outcome,
    Position,
    Why,
    contact_document,
    document,
    planned_contacts,
)
from hamgam.jobs import importing
from hamgam.sync.initial_import import NotNow
from hamgam.trail import import_runs
from hamgam.trail.import_runs import RunRequest


class WantedImport(BaseModel):
    """What to import."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="read only, and count what would be done", examples=[True])
    limit: int | None = Field(None, ge=1, le=MOST_CONTACTS, description="create or link at most this many")
    again: bool = Field(False, description="run although an import has finished: link and add what is new")
    force: bool = Field(False, description="create suspiciously many customers (MAX_CHANGE_PERCENT)")


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
    ) -> list[dict[str, Any]]:
        """Imports and plans, newest first, also those from the command line."""
        return [document(run, person) for run in await import_runs.recent(db, limit)]

    @router.get("/{run_id}")
    async def get_import(person: Viewer, run_id: UUID) -> dict[str, Any]:
        """One import: its state, and how far it is."""
        run = await import_runs.find(db, run_id)
        if run is None:
            raise HTTPException(404, "there is no such import")
        return document(run, person)

    @router.get("/{run_id}/contacts")
    async def list_planned_contacts(
        person: Viewer,
        run_id: UUID,
        outcome: Outcome = "",
        reason: Why = "",
        after: Position = 0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """What the newest plan would do with each contact, in finance's order.

        `next` goes into `after` for the contacts that follow; null: these are the last. A plan is kept until
        the next one is made. What an import has written is in the syncs.
        """
        run = await import_runs.find(db, run_id)
        if run is None or not run.request.dry_run:
            raise HTTPException(404, "there is no such plan")
        shown, further = await planned_contacts(
            db, person, run_id, outcome=outcome, reason=reason, after=after, limit=limit
        )
        return {"contacts": [contact_document(contact) for contact in shown], "next": further}

    return router


def _acting(context: WebContext) -> APIRouter:
    router, db = APIRouter(prefix="/imports"), context.db

    @router.post("", status_code=202, responses={409: {"description": "One runs, or has finished"}})
    async def start_import(person: Admin, wanted: WantedImport) -> dict[str, Any]:
        """Start an import or, with `dry_run`, a plan of one. A worker carries it out."""
        request = RunRequest(id=uuid4(), started_by=person.name, **wanted.model_dump())
        try:
            return document(await importing.start(db, request, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    @router.post("/{run_id}/stop")
    async def stop_import(person: Admin, run_id: UUID) -> dict[str, Any]:
        """Stop an import after the records that are in flight."""
        try:
            return document(await importing.stop(db, run_id, person.name, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    @router.post("/{run_id}/resume")
    async def resume_import(person: Admin, run_id: UUID) -> dict[str, Any]:
        """Let an import go on that was stopped or broke off."""
        try:
            return document(await importing.resume(db, run_id, person.name, context.clock()), person)
        except NotNow as error:
            raise await _refusal(context, error) from None

    return router


async def _refusal(context: WebContext, error: NotNow) -> HTTPException:
    if error.code == importing.UNKNOWN:
        return HTTPException(404, str(error))
    run = await import_runs.open_run(context.db)
    which = f" (import {run.id})" if run else ""
    return HTTPException(409, f"{error.code}: {error}{which}")
