"""`/api/v1/bulk`: retries and dismissals of many rows at once."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hamgam.app.access import Operator, Viewer
from hamgam.app.answers import Answer
from hamgam.app.attention import MOST_NOTE
from hamgam.app.context import WebContext
from hamgam.app.masking import masked_json
from hamgam.app.problems import Problem, answer, told
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.jobs.bulk import OtherNumber, submit
from hamgam.model import EntityType, Status
from hamgam.people.roles import Person, Role
from hamgam.trail import bulk, bulk_progress, worklist
from hamgam.trail.bulk import Bulk
from hamgam.trail.bulk_progress import Stage
from hamgam.trail.worklist import Chosen, Together, Wanted


class BulkShown(Answer):
    """An action on many rows."""

    id: UUID
    what: str
    """`retry` or `dismiss`."""
    note: str | None
    """Masked for viewers."""
    filter: dict[str, str] | None
    """Null where the rows were chosen one by one."""
    by: str
    started_at: datetime
    total: int
    done: int
    """Rows to which it was done; a retry then goes on, see `stages`."""
    failed: int
    """Rows that were left alone."""
    left: int
    finished_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None


class BulkProgress(BulkShown):
    outcomes: dict[str, int]
    """What became of the wish."""
    stages: dict[Stage, int]
    """What became of the rows; a stage at which there is none is left out."""


class Count(Answer):
    count: int


class OtherCount(Problem):
    count: int
    """So many rows there are."""


_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such action"}}
_OTHER_NUMBER: dict[int | str, dict[str, Any]] = {
    409: {"description": "There are not as many rows as `count` says", "model": OtherCount}
}


class Filter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = None
    status: Status | None = None
    type: EntityType | None = None


class Row(BaseModel):
    """A row that was chosen, and `seen` of it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    seen: UUID


class Wish(BaseModel):
    """Which rows, either by a filter or one by one, and how many the person expects them to be."""

    model_config = ConfigDict(extra="forbid")

    what: Together = Together.RETRY
    note: Annotated[str, Field(max_length=MOST_NOTE, pattern=r"^[^\x00]*$")] = Field(
        "", description="said of each row that is dismissed"
    )
    count: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[12])]
    filter: Filter | None = Field(None, examples=[{"reason": "UNREACHABLE"}])
    rows: Annotated[list[Row] | None, Field(max_length=1000)] = None
    id: UUID | None = Field(None, description="an id of your own: the same again is the same action")

    def chosen(self) -> Chosen | None:
        if (self.filter is None) == (self.rows is None):
            return None
        if self.filter is not None:
            return Wanted(reason=self.filter.reason, status=self.filter.status, entity_type=self.filter.type)
        return [(row.id, row.seen) for row in self.rows or []]


def bulk_routes(context: WebContext) -> APIRouter:
    router = APIRouter(tags=["attention"])
    db, clock = context.db, context.clock

    @router.post("/bulk", status_code=202, responses=_OTHER_NUMBER, response_model=BulkProgress)
    async def begin(wish: Wish, person: Operator) -> BulkProgress | Response:
        """Retry or dismiss many rows as a job. Rows that ask for something else do not count."""
        chosen = wish.chosen()
        if chosen is None:
            raise HTTPException(400, "give either `filter` or `rows`")
        bulk_id = wish.id or uuid4()
        try:
            await submit(
                db,
                bulk_id,
                wish.what,
                chosen,
                note=wish.note.strip(),
                expected=wish.count,
                by=person.name,
                now=clock(),
            )
        except OtherNumber as other:
            return answer(OtherCount(**told("other-number", str(other)), count=other.actual))
        return await _progress_of(db, await _found(db, bulk_id), person)

    router.include_router(_progress(context))
    return router


def _progress(context: WebContext) -> APIRouter:
    router, db, clock = APIRouter(prefix="/bulk"), context.db, context.clock

    @router.get("")
    async def latest(person: Viewer, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> list[BulkShown]:
        """The newest actions first."""
        return [_shown(action, person) for action in await bulk.latest(db, limit)]

    @router.get("/count")
    async def count(
        _: Viewer,
        what: Together = Together.RETRY,
        reason: Reason | None = None,
        status: Status | None = None,
        type: EntityType | None = None,
    ) -> Count:
        """With how many of the rows that match this can be done together."""
        wanted = Wanted(reason=reason, status=status, entity_type=type)
        return Count(count=await worklist.count_fit(db, what, wanted))

    @router.get("/{bulk_id}", responses=_UNKNOWN)
    async def get_one(bulk_id: UUID, person: Viewer) -> BulkProgress:
        """One action and how far it is."""
        return await _progress_of(db, await _found(db, bulk_id), person)

    @router.post("/{bulk_id}/cancel", responses=_UNKNOWN)
    async def cancel(bulk_id: UUID, person: Operator) -> BulkProgress:
        """Stop it; the rows that are not done yet stay as they are."""
        await _found(db, bulk_id)
        async with db.transaction() as connection:
            await bulk.cancel(connection, bulk_id, person.name, clock())
        return await _progress_of(db, await _found(db, bulk_id), person)

    return router


async def _found(db: Database, bulk_id: UUID) -> Bulk:
    action = await bulk.load(db, bulk_id)
    if action is None:
        raise HTTPException(404, "there is no such action")
    return action


async def _progress_of(db: Database, action: Bulk, person: Person) -> BulkProgress:
    stages = (await bulk_progress.progress(db, [action.id]))[action.id].counts
    outcomes = await bulk.outcomes(db, action.id)
    return BulkProgress(**_shown(action, person).model_dump(), outcomes=dict(outcomes), stages=dict(stages))


def _shown(action: Bulk, person: Person) -> BulkShown:
    sees = person.role.may(Role.OPERATOR)
    return BulkShown.model_validate(action if sees else replace(action, note=masked_json(action.note)))
