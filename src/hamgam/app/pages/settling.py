"""A person's word on a row, repeated and agreed to before it is recorded: nobody can take it back."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.access import Operator
from hamgam.app.attention import shown, uuid_of
from hamgam.app.context import WebContext
from hamgam.app.forms import Form, form_of
from hamgam.app.pages.attention import act, kept, refused, row_of, row_page, stale
from hamgam.app.pages.shell import page
from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.jobs.acting import Act
from hamgam.jobs.declining import Declined, Why, unchanged
from hamgam.jobs.settling import finance_id_of, settle
from hamgam.model import EntityType, FinanceId
from hamgam.people.roles import Person
from hamgam.trail import mapping

_MOST_TYPED = 30


def settling_pages(context: WebContext) -> APIRouter:
    router = APIRouter(prefix="/attention")

    @router.get("/{log_id}/settle")
    async def confirm(request: Request, log_id: str, person: Operator) -> Response:
        return await _confirm(context, request, person, log_id, request.query_params)

    @router.post("/{log_id}/settle")
    async def record(request: Request, log_id: str, person: Operator) -> Response:
        form = await form_of(request)
        try:
            code = _answer(form)
        except UsageError:
            return await _confirm(context, request, person, log_id, form)

        async def doing(row: UUID, _: Form, seen: UUID | None) -> None:
            await settle(context.db, row, code, by=person.name, now=context.clock(), wait=False, seen=seen)

        return await act(context, request, person, log_id, doing, {"done": "settled", "settled": log_id})

    return router


async def _confirm(
    context: WebContext, request: Request, person: Person, log_id: str, given: Mapping[str, str]
) -> Response:
    """What is about to be recorded, and what follows from it. Nothing is done before the person agrees."""
    row = await row_of(context, log_id)
    if row is None:
        return refused(request, 404, Why.UNKNOWN)
    typed = given.get("number", "").replace("\0", "")[:_MOST_TYPED]
    try:
        unchanged(row, uuid_of(given.get("seen", "")))
        code = _answer(given)
    except Declined as declined:
        return await stale(context, request, person, row.id, declined.why)
    except UsageError:
        return await row_page(context, request, person, row, status=400, typed=typed, wrong="code")
    seen = shown(row, person)
    if (Act.ABSENT if code is None else Act.EXISTS) not in seen.acts:
        return await stale(context, request, person, row.id, Why.NOT_THUS)
    if code is not None and await _is_taken(context.db, row, code):
        return await row_page(context, request, person, row, status=409, typed=typed, wrong="taken")
    return page(request, "attention_settle.html", row=seen, code=code, back=kept(given))


def _answer(given: Mapping[str, str]) -> FinanceId | None:
    """The code in finance; None where it is said to be absent. Raises `UsageError`."""
    chosen = given.get("answer", "")
    return None if chosen == "absent" else finance_id_of(given.get("number") or chosen)


async def _is_taken(db: Database, row: Row[Any], code: FinanceId) -> bool:
    owner = await mapping.owner(db, EntityType(row.entityType), code)
    return owner not in (None, row.sourceEntityId)
