"""Imports as the pages and the API tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query

from hamgam.app.context import WebContext
from hamgam.app.import_forecast import Forecast, forecast
from hamgam.app.masking import masked_message, masked_text
from hamgam.app.status import workers
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Operation, Status
from hamgam.people.roles import Person, Role
from hamgam.trail import import_plans, import_runs
from hamgam.trail.import_plans import PlannedContact
from hamgam.trail.import_runs import Run, RunRequest, RunState

_HISTORY = 20
_SILENT = timedelta(seconds=15)
OUTCOMES = ("created", "linked", "skipped", "failed")

MOST_CONTACTS = 10_000_000
Outcome = Literal["", "created", "linked", "skipped", "failed"]
Why = Reason | Literal[""]
Position = Annotated[int, Query(ge=0, le=MOST_CONTACTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """What the page shows now. `run` is the one that is open, else the one asked for, else the newest."""

    now: datetime
    workers: int
    run: Run | None
    runs: list[Run]
    listed: UUID | None
    """The plan whose contacts can be looked at."""
    finished_at: datetime | None
    """When an import last looked at every contact and none failed: another only adds what is new."""

    def forecast(self, limit: int | None) -> Forecast:
        return forecast(self.runs, limit, self.now)

    @property
    def startable(self) -> Forecast | None:
        """What an import would do with the options of the plan that is shown; None: it does not say."""
        run = self.run
        if run is None or run.is_open or not run.request.dry_run:
            return None
        expected = self.forecast(run.request.limit)
        return expected if expected.doubt is None and expected.plan is run else None

    def is_silent(self, run: Run) -> bool:
        """It says that it runs, and has said nothing for a while: its process may have died."""
        if run.state is not RunState.RUNNING or run.heard_at is None:
            return False
        return self.now - run.heard_at > _SILENT

    @property
    def ends_at(self) -> datetime | None:
        left = self.run.seconds_left if self.run else None
        return None if left is None else self.now + timedelta(seconds=left)

    def link(self, run: Run, *, outcome: str = "", reason: str = "") -> str:
        """To the contacts that a number of this run counts; "" where they are not kept."""
        if run.request.dry_run:
            return contacts_link(run.id, outcome, reason) if run.id == self.listed else ""
        return _log_link(run, outcome, reason)


async def import_view(context: WebContext, run_id: UUID | None = None) -> ImportView:
    """Of the run that is named, whose absence leaves `run` empty, or of all."""
    db, now = context.db, context.clock()
    runs = await import_runs.recent(db, _HISTORY)
    if run_id is not None:
        run = await import_runs.find(db, run_id)
    else:
        run = next((run for run in runs if run.is_open), next(iter(runs), None))
    return ImportView(
        now=now,
        workers=await workers(db, here=context.workers_running()),
        run=run,
        runs=runs,
        listed=await import_plans.listed_run(db),
        finished_at=await import_runs.finished_at(db),
    )


async def planned_contacts(
    db: Database, person: Person, run_id: UUID, *, outcome: str, reason: str, after: int, limit: int
) -> tuple[list[PlannedContact], int | None]:
    """A page of a plan's contacts, and after which position the next one begins; None where there is none."""
    found = await import_plans.contacts(
        db, run_id, outcome=outcome, reason=reason, after=after, limit=limit + 1
    )
    shown = found[:limit]
    if not person.role.may(Role.OPERATOR):
        shown = [replace(contact, name=masked_text(contact.name)) for contact in shown]
    return shown, shown[-1].position if len(found) > limit else None


def detail(run: Run, person: Person) -> str:
    """What a remote system said, masked for viewers."""
    return run.detail if person.role.may(Role.OPERATOR) else masked_message(run.detail)


_FILTERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "created": (("status", Status.SUCCESS), ("operation", Operation.CREATE)),
    "linked": (("status", Status.SUCCESS), ("operation", Operation.LINK)),
    "skipped": (("status", Status.SKIPPED),),
    "failed": (("status", Status.FAILED), ("status", Status.CONFLICT)),
}


def confirm_link(request: RunRequest) -> str:
    """To the page that says what an import would do before it starts."""
    wanted = {"limit": request.limit, "force": int(request.force)}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return "/import/confirm" + (f"?{query}" if query else "")


def contacts_link(run_id: UUID, outcome: str = "", reason: str = "", after: int = 0) -> str:
    wanted = {"outcome": outcome, "reason": reason, "after": after}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"/import/{run_id}/contacts" + (f"?{query}" if query else "")


def _log_link(run: Run, outcome: str, reason: str) -> str:
    """The rows of the sync log that a run has written."""
    wanted = [("run", str(run.id)), *_FILTERS.get(outcome, ())]
    return f"/syncs?{urlencode([*wanted, ('reason', reason)] if reason else wanted)}"
