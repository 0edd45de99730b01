"""What the figures of the overview come to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hamgam.app.glance import Glance
from hamgam.app.remote import Connection
from hamgam.errors import Reason
from hamgam.model import EntityType, Status, Stream, System
from hamgam.trail.cursor import BEGINNING
from hamgam.trail.numbers import PollState, RemoteState
from hamgam.trail.pulse import Quiet
from hamgam.trail.remote import SessionState

NOW = datetime(2026, 3, 20, 21, 0, tzinfo=UTC)


def remote(state: str, waiting_since: datetime | None = None) -> Connection:
    return Connection(
        state=RemoteState(state, NOW, NOW, 1, {}, 0.1),
        session=SessionState(NOW, True, None),
        outage=None,
        waiting_since=waiting_since,
    )


CALM = Glance(
    now=NOW,
    systems={system: remote("ok") for system in System},
    mappings=dict.fromkeys(EntityType, 3),
    workers=1,
    depth=0,
    oldest_seconds=0,
    attention=0,
    today=dict.fromkeys(Status, 0),
    polls={},
    durations=None,
    quiet=Quiet(NOW - timedelta(minutes=5), timedelta(hours=14)),
    delivery=None,
    success_at=None,
)
WAITING = CALM.systems | {System.CRM: remote("ok", NOW - timedelta(seconds=9))}
DOWN = WAITING | {System.FINANCE: remote(Reason.UNREACHABLE, NOW - timedelta(seconds=9))}
HELD = {Stream.PERSON: PollState(NOW, NOW, 1200)}
SILENT = Quiet(NOW - timedelta(hours=22), timedelta(hours=14))


def test_the_worst_trouble_comes_first() -> None:
    """Each is taken away in turn, and the next one shows."""
    view = replace(CALM, systems=DOWN, workers=0, polls=HELD, attention=3, quiet=SILENT)
    assert view.troubles == ["down", "no_worker", "waiting", "held", "attention", "quiet"]
    seen: list[str] = [view.verdict]
    for cure in (
        {"systems": WAITING},
        {"workers": 1},
        {"systems": CALM.systems},
        {"polls": {}},
        {"attention": 0},
        {"quiet": CALM.quiet},
    ):
        view = replace(view, **cure)  # type: ignore[arg-type]
        seen.append(view.verdict)
    assert seen == ["down", "no_worker", "waiting", "held", "attention", "quiet", "good"]


def test_a_system_that_is_down_is_not_called_slow() -> None:
    view = replace(CALM, systems=DOWN)
    assert (view.down, view.waiting) == ([System.FINANCE], [System.CRM])


def test_what_has_been_due_for_more_than_a_minute_is_late() -> None:
    assert not replace(CALM, oldest_seconds=60).queue_is_late
    assert replace(CALM, oldest_seconds=61).queue_is_late


@pytest.mark.parametrize("state", ["ok", "unknown", Reason.BAD_REQUEST, Reason.UNUSABLE_RECORD])
def test_a_system_that_refuses_one_record_is_not_down(state: str) -> None:
    view = replace(CALM, systems={System.CRM: remote(state)})
    assert (view.down, view.verdict) == ([], "good")
    assert view.systems[System.CRM].tone == ("unknown" if state == "unknown" else "ok")


@pytest.mark.parametrize(
    ("lasts", "longest", "unusual"),
    [
        (timedelta(minutes=59), timedelta(seconds=1), False),
        (timedelta(minutes=61), timedelta(seconds=1), True),
        (timedelta(hours=20), timedelta(hours=14), False),
        (timedelta(hours=22), timedelta(hours=14), True),
        (timedelta(days=-1), timedelta(hours=14), False),
    ],
)
def test_a_quiet_is_unusual_when_it_is_longer_than_the_longest_before(
    lasts: timedelta, longest: timedelta, unusual: bool
) -> None:
    view = replace(CALM, quiet=Quiet(NOW - lasts, longest))
    assert (view.quiet_for == lasts) is unusual
    assert (view.verdict == "quiet") is unusual


def test_the_success_rate_counts_what_tried_to_write() -> None:
    assert CALM.success_rate is None
    today = dict.fromkeys(Status, 0) | {Status.SUCCESS: 999, Status.IN_DOUBT: 1, Status.SKIPPED: 70}
    assert replace(CALM, today=today).success_rate == 0.999
    assert replace(CALM, today=dict.fromkeys(Status, 0) | {Status.FAILED: 1}).success_rate == 0


def test_a_stream_without_anything_yet_does_not_hold_the_cursor_back() -> None:
    none_yet, seen = PollState(NOW, BEGINNING, None), PollState(NOW, NOW - timedelta(hours=1), None)
    polls = {Stream.PERSON: none_yet, Stream.INVOICE: seen, Stream.QUOTE: PollState(NOW, NOW, None)}
    assert replace(CALM, polls=polls).cursor == NOW - timedelta(hours=1)
    assert replace(CALM, polls={Stream.QUOTE: none_yet}).cursor is None
