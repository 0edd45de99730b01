"""Imports as the pages and the API tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from hamgam.app.context import WebContext
from hamgam.app.masking import masked_message
from hamgam.app.status import iso
from hamgam.jobs.importing import look_after
from hamgam.model import Operation, Status, Trigger
from hamgam.people.roles import Person, Role
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Run, RunState
from hamgam.trail.status import worker_count

_WORKER_SECONDS = 30
_HISTORY = 20
_SILENT = timedelta(seconds=15)
OUTCOMES = ("created", "linked", "skipped", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """What the page shows now. `run` is the one that is open, else the one asked for, else the newest."""

    now: datetime
    workers: int
    run: Run | None
    runs: list[Run]

    @property
    def plan(self) -> Run | None:
        """The newest plan, unless an import has written since."""
        newest = next((run for run in self.runs if run.state is RunState.DONE), None)
        return newest if newest and newest.request.dry_run else None

    @property
    def is_silent(self) -> bool:
        """It says that it runs, and has said nothing for a while: its process may have died."""
        run = self.run
        if run is None or run.state is not RunState.RUNNING or run.heard_at is None:
            return False
        return self.now - run.heard_at > _SILENT

    @property
    def ends_at(self) -> datetime | None:
        left = self.run.seconds_left if self.run else None
        return None if left is None else self.now + timedelta(seconds=left)


async def import_view(context: WebContext, run_id: UUID | None = None) -> ImportView | None:
    """None: there is no such run."""
    db, now = context.db, context.clock()
    await look_after(db, now)
    runs = await import_runs.recent(db, _HISTORY)
    run: Run | None
    if run_id is not None:
        run = await import_runs.find(db, run_id)
        if run is None:
            return None
    else:
        run = next((run for run in runs if run.is_open), next(iter(runs), None))
    workers = max(await worker_count(db, _WORKER_SECONDS), int(context.workers_running()))
    return ImportView(now=now, workers=workers, run=run, runs=runs)


def document(run: Run, person: Person) -> dict[str, Any]:
    """One run for the API; what a remote system said is masked for viewers."""
    request = run.request
    return {
        "id": str(run.id),
        "state": run.state,
        "dry_run": request.dry_run,
        "limit": request.limit,
        "again": request.again,
        "force": request.force,
        "started_at": iso(run.started_at),
        "started_by": request.started_by,
        "ended_at": iso(run.ended_at),
        "finished_at": iso(run.finished_at),
        "stopped_by": run.stopped_by,
        "resumed_by": run.resumed_by,
        "trouble": run.trouble,
        "detail": detail(run, person),
        "total": run.total,
        **{outcome: run.outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "reasons": dict(run.reasons),
        "per_second": run.per_second,
        "seconds_left": run.seconds_left,
        "waits_for": run.waits_for,
        "heard_at": iso(run.heard_at),
    }


def detail(run: Run, person: Person) -> str:
    return run.detail if person.role.may(Role.OPERATOR) else masked_message(run.detail)


_FILTERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "created": (("status", Status.SUCCESS), ("operation", Operation.CREATE)),
    "linked": (("status", Status.SUCCESS), ("operation", Operation.LINK)),
    "skipped": (("status", Status.SKIPPED),),
    "failed": (("status", Status.FAILED), ("status", Status.CONFLICT)),
}


def log_link(run: Run, *, outcome: str = "", reason: str = "") -> str:
    """The rows of the sync log that a run has written; a plan has written none.

    What failed is a failure or a conflict, so its status is left open.
    """
    if run.request.dry_run:
        return ""
    wanted: list[tuple[str, str]] = [("trigger", Trigger.IMPORT), *_FILTERS.get(outcome, ())]
    if reason:
        wanted.append(("reason", reason))
    wanted.append(("from", f"{run.started_at:%Y-%m-%dT%H:%M:%SZ}"))
    if run.ended_at:
        wanted.append(("to", f"{run.ended_at + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"))
    return f"/syncs?{urlencode(wanted)}"
