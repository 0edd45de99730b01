"""What an import would do, as far as a plan says it: a person confirms only numbers that hold. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hamgam.trail.import_runs import Run, RunState

_HOLDS = timedelta(hours=24)
"""Both systems go on changing after a plan."""


class Doubt(StrEnum):
    """Why no plan says what an import would do now."""

    NO_PLAN = "NO_PLAN"
    OTHER_LIMIT = "OTHER_LIMIT"
    """The newest plan looked at fewer contacts than the import would."""
    WRITTEN_SINCE = "WRITTEN_SINCE"
    OLD = "OLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    plan: Run | None
    """The newest plan that is done."""
    doubt: Doubt | None
    """None: the import would do what the plan says, up to its limit."""
    limit: int | None

    @property
    def is_cut(self) -> bool:
        """The import would end before it has done all that is planned."""
        return self.plan is not None and self.limit is not None and self.limit < self.plan.written

    @property
    def is_empty(self) -> bool:
        """Nothing is left to create or to link."""
        return self.doubt is None and self.plan is not None and not self.plan.written


def forecast(runs: Sequence[Run], limit: int | None, now: datetime) -> Forecast:
    """What the newest of these runs say about an import with this limit.

    The other options decide whether it may begin, not what it does.
    """
    plan = next((run for run in runs if run.request.dry_run and run.state is RunState.DONE), None)
    return Forecast(plan=plan, doubt=_doubt(plan, runs, limit, now), limit=limit)


def _doubt(plan: Run | None, runs: Sequence[Run], limit: int | None, now: datetime) -> Doubt | None:
    if plan is None:
        return Doubt.NO_PLAN
    if any(_wrote_after(run, plan.ended_at or plan.started_at) for run in runs):
        return Doubt.WRITTEN_SINCE
    if now - plan.started_at > _HOLDS:
        return Doubt.OLD
    return None if _covers(plan, limit) else Doubt.OTHER_LIMIT


def _wrote_after(run: Run, at: datetime) -> bool:
    last = run.ended_at or run.heard_at
    return not run.request.dry_run and bool(run.written) and last is not None and last > at


def _covers(plan: Run, limit: int | None) -> bool:
    planned = plan.request.limit
    return planned is None or not plan.unseen or (limit is not None and limit <= planned)
