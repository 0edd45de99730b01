"""Prometheus metrics, counted in the database, so that every process of an installation reports the same."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.model import EntityType, Status, System
from hamgam.trail import numbers
from hamgam.trail.numbers import RemoteState, SyncGroup

_BOUNDS_MS = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000)
_KEPT_FOR = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    groups: Sequence[SyncGroup]
    depth: int
    oldest_seconds: float
    mappings: dict[EntityType, int]
    attention: int
    systems: dict[System, RemoteState]
    last_success: datetime | None
    last_poll: datetime | None


class _Growing:
    """Counters that never fall, as Prometheus needs them.

    A failed sync that is put back leaves its count in the database; when it fails again, that is one more.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], float] = {}
        self._told: dict[tuple[str, ...], float] = {}

    def update(self, counts: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
        """What to tell, when these are the counts now."""
        for key in self._seen.keys() | counts.keys():
            now = counts.get(key, 0)
            more = max(0, now - self._seen.get(key, 0))
            self._told[key] = self._told.get(key, 0) + more
            self._seen[key] = now
        return dict(self._told)


class _Numbers(Collector):
    """Turns the last snapshot into metric families."""

    def __init__(self) -> None:
        self.snapshot: _Snapshot | None = None
        self._outcomes = _Growing()
        self._durations = _Growing()

    def collect(self) -> Iterator[Metric]:
        if self.snapshot is not None:
            yield from self._syncs(self.snapshot.groups)
            yield from _gauges(self.snapshot)
            yield from _remote(self.snapshot.systems)

    def _syncs(self, groups: Sequence[SyncGroup]) -> Iterator[Metric]:
        ended: dict[tuple[str, ...], float] = {}
        times: dict[tuple[str, ...], float] = {("sum",): 0}
        for group in groups:
            outcome = (group.status, group.operation, group.trigger)
            ended[outcome] = ended.get(outcome, 0) + group.count
            if group.status == Status.SUCCESS:
                bucket = (str(group.bucket),)
                times[bucket] = times.get(bucket, 0) + group.count
                times["sum",] += group.milliseconds
        yield _counter(
            "hamgam_syncs",
            "Syncs that have ended.",
            ("status", "operation", "trigger"),
            self._outcomes.update(ended).items(),
        )
        yield _histogram(self._durations.update(times))


class Metrics:
    """The metrics page; asks the database at most once in five seconds."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._numbers = _Numbers()
        self._registry = CollectorRegistry()
        self._registry.register(self._numbers)
        self._page = b""
        self._made_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def page(self) -> bytes:
        """Prometheus text. Raises what the database raises when it is gone."""
        async with self._one_at_a_time:
            now = self._clock()
            if self._made_at is None or not timedelta(0) <= now - self._made_at < _KEPT_FOR:
                self._numbers.snapshot = await _snapshot(self._db)
                self._page = generate_latest(self._registry)
                self._made_at = now
            return self._page


async def _snapshot(db: Database) -> _Snapshot:
    polls = await numbers.poll_states(db)
    return _Snapshot(
        groups=await numbers.sync_groups(db, _BOUNDS_MS),
        depth=await queue.depth(db),
        oldest_seconds=await queue.oldest_waiting_seconds(db),
        mappings=await numbers.mapping_counts(db),
        attention=await numbers.attention_count(db),
        systems=await numbers.remote_states(db),
        last_success=await numbers.newest_success(db),
        last_poll=max((poll.at for poll in polls.values() if poll.at), default=None),
    )


def _histogram(times: dict[tuple[str, ...], float]) -> Metric:
    """Durations in seconds, from counts by number of the bucket and a sum in milliseconds."""
    counts = [times.get((str(bucket),), 0) for bucket in range(len(_BOUNDS_MS) + 1)]
    names = [str(bound / 1000) for bound in _BOUNDS_MS] + ["+Inf"]
    family = HistogramMetricFamily(
        "hamgam_sync_duration_seconds", "How long the attempt took that went well, of syncs that succeeded."
    )
    buckets = list(zip(names, accumulate(counts), strict=True))
    family.add_metric([], buckets=buckets, sum_value=times["sum",] / 1000)
    return family


def _gauges(now: _Snapshot) -> Iterator[Metric]:
    yield _gauge("hamgam_queue_depth", "Entities that wait for a look or are looked at.", now.depth)
    yield _gauge(
        "hamgam_queue_oldest_seconds", "How long the oldest waiting entity has been due.", now.oldest_seconds
    )
    mapped = GaugeMetricFamily("hamgam_mappings", "Entities linked in both systems.", labels=["entity_type"])
    for entity_type, count in now.mappings.items():
        mapped.add_metric([entity_type], count)
    yield mapped
    yield _gauge("hamgam_needs_attention", "Syncs and polls that wait for a person.", now.attention)
    if now.last_success:
        when = now.last_success.timestamp()
        yield _gauge("hamgam_last_success_timestamp_seconds", "When a sync last succeeded.", when)
    if now.last_poll:
        when = now.last_poll.timestamp()
        yield _gauge("hamgam_last_poll_timestamp_seconds", "When a poll last ended well.", when)


def _remote(systems: dict[System, RemoteState]) -> Iterator[Metric]:
    by_system = ("system",)
    up = GaugeMetricFamily(
        "hamgam_remote_up", "1 while a remote system answers and lets us in.", labels=by_system
    )
    for system, state in systems.items():
        up.add_metric([system.value], state.up)
    yield up
    calls = [((system.value,), float(state.calls)) for system, state in systems.items()]
    yield _counter("hamgam_remote_calls", "Calls to a remote system.", by_system, calls)
    errors = [
        ((system.value, reason), float(count))
        for system, state in systems.items()
        for reason, count in state.errors.items()
    ]
    yield _counter("hamgam_remote_errors", "Calls that failed.", ("system", "reason"), errors)
    seconds = [((system.value,), state.seconds) for system, state in systems.items()]
    yield _counter("hamgam_remote_call_seconds", "Time spent in calls.", by_system, seconds)


def _counter(
    name: str, text: str, labels: Sequence[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for key, value in sorted(values):
        family.add_metric(key, value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
