"""Which plan says what an import would do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from hamgam.app.import_forecast import Doubt, forecast
from hamgam.trail.import_runs import Run, RunRequest, RunState

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)
EARLIER, SOON = NOW - timedelta(hours=2), NOW - timedelta(hours=1)


def run(
    at: datetime,
    created: int = 7,
    *,
    limit: int | None = None,
    state: RunState = RunState.DONE,
    total: int | None = 60,
    **options: Any,
) -> Run:
    return Run(
        request=RunRequest(id=uuid4(), limit=limit, **options),
        queued=True,
        state=state,
        started_at=at,
        heard_at=at,
        ended_at=at + timedelta(minutes=1),
        finished_at=None,
        stopped_by=None,
        resumed_by=None,
        trouble=None,
        detail="",
        total=total,
        outcomes={"created": created},
        per_second=None,
        waits_for=None,
    )


def plan(at: datetime = SOON, created: int = 7, **options: Any) -> Run:
    return run(at, created, dry_run=True, **options)


@pytest.mark.parametrize(
    ("runs", "limit", "doubt"),
    [
        ([], None, Doubt.NO_PLAN),
        ([run(SOON)], None, Doubt.NO_PLAN),
        ([plan(state=RunState.STOPPED)], None, Doubt.NO_PLAN),
        ([plan()], None, None),
        ([plan()], 3, None),
        ([plan(limit=3, created=3)], None, Doubt.OTHER_LIMIT),
        ([plan(limit=3, created=3)], 4, Doubt.OTHER_LIMIT),
        ([plan(limit=3, created=3)], 3, None),
        ([plan(limit=3, created=3)], 2, None),
        ([plan(limit=90, total=7)], None, None),
        ([plan(), run(EARLIER)], None, None),
        ([run(SOON), plan(EARLIER)], None, Doubt.WRITTEN_SINCE),
        ([run(SOON, state=RunState.STOPPED), plan(EARLIER)], None, Doubt.WRITTEN_SINCE),
        ([run(SOON, created=0), plan(EARLIER)], None, None),
        ([plan(NOW - timedelta(hours=25))], None, Doubt.OLD),
        ([plan(NOW - timedelta(hours=23))], None, None),
        ([plan(limit=3, created=3), plan(EARLIER)], None, Doubt.OTHER_LIMIT),
    ],
)
def test_a_plan_counts_only_for_an_import_that_would_do_the_same(
    runs: list[Run], limit: int | None, doubt: Doubt | None
) -> None:
    assert forecast(runs, limit, NOW).doubt is doubt


@pytest.mark.parametrize(("limit", "cut"), [(None, False), (6, True), (7, False), (8, False)])
def test_a_limit_cuts_what_is_planned(limit: int | None, cut: bool) -> None:
    assert forecast([plan()], limit, NOW).is_cut is cut


def test_nothing_to_do_is_said_only_by_a_plan_that_counts() -> None:
    assert forecast([plan(created=0)], None, NOW).is_empty
    assert not forecast([plan()], None, NOW).is_empty
    assert not forecast([], None, NOW).is_empty
    assert not forecast([plan(NOW - timedelta(days=2), created=0)], None, NOW).is_empty
