"""Whether the installation works, in one glance: the figures of the overview, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from hamgam.app.answers import Answer
from hamgam.app.masking import as_seen_by
from hamgam.app.remote import Connection, connections_of
from hamgam.app.status import Clock, start_of_day, workers
from hamgam.db.engine import Database
from hamgam.jobs import queue
from hamgam.jobs.waiting import waiting
from hamgam.model import Entity, EntityType, Status, Stream, System, Trigger
from hamgam.people.roles import Person
from hamgam.trail import numbers, pulse
from hamgam.trail.cursor import BEGINNING
from hamgam.trail.numbers import PollState
from hamgam.trail.place import Place
from hamgam.trail.pulse import Delivery, Durations, Outcomes, Quiet

PROBLEMS = (Status.CONFLICT, Status.IN_DOUBT, Status.FAILED)
CHARTED = (Status.SUCCESS, Status.SKIPPED, *PROBLEMS)
_LEAST_QUIET = timedelta(hours=1)
_UNUSUAL = 1.5
"""So many times the longest quiet that was usual."""
_LATE = timedelta(minutes=1)
"""A free worker begins within a tenth of a second: what has been due for longer is held up by something."""


class Window(StrEnum):
    """How far back the chart of syncs goes."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"

    @property
    def spans(self) -> int:
        return _SPANS[self][0]

    @property
    def span(self) -> timedelta:
        """Syncs are counted in spans of this length."""
        return _SPANS[self][1]


_SPANS = {
    Window.HOUR: (60, timedelta(minutes=1)),
    Window.DAY: (96, timedelta(minutes=15)),
    Window.WEEK: (84, timedelta(hours=2)),
}


class InQueue(Answer):
    """A look at a record that waits, or is under way."""

    entity: Entity
    crm_id: str
    trigger: Trigger
    running: bool
    due: datetime | None
    """Null: as soon as a worker is free."""


Trouble = Literal["down", "no_worker", "waiting", "held", "attention", "quiet"]
Verdict = Trouble | Literal["good"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    now: datetime
    systems: Mapping[System, Connection]
    mappings: Mapping[EntityType, int]
    workers: int
    depth: int
    oldest_seconds: float
    attention: int
    today: Mapping[Status, int]
    polls: Mapping[Stream, PollState]
    durations: Durations | None
    quiet: Quiet | None
    delivery: Delivery | None
    success_at: datetime | None

    @property
    def day_began(self) -> datetime:
        """In UTC; the day is the one in Tehran, as for `today`."""
        return start_of_day(self.now).astimezone(UTC)

    @property
    def polled_at(self) -> datetime | None:
        return max((poll.at for poll in self.polls.values() if poll.at), default=None)

    @property
    def cursor(self) -> datetime | None:
        """Up to where changes are known. A stream of which there is nothing yet does not hold it back."""
        return min((p.cursor for p in self.polls.values() if p.cursor > BEGINNING), default=None)

    @property
    def held(self) -> int:
        return sum(poll.held or 0 for poll in self.polls.values())

    @property
    def success_rate(self) -> float | None:
        """Of today's syncs that tried to write, between 0 and 1; None when there was none."""
        good = self.today[Status.SUCCESS]
        tried = good + sum(self.today[status] for status in PROBLEMS)
        return good / tried if tried else None

    @property
    def down(self) -> list[System]:
        return [system for system, each in self.systems.items() if not each.state.up]

    @property
    def waiting(self) -> list[System]:
        return [system for system, each in self.systems.items() if each.tone == "waiting"]

    @property
    def queue_is_late(self) -> bool:
        return self.oldest_seconds > _LATE.total_seconds()

    @property
    def quiet_for(self) -> timedelta | None:
        """Since when nothing was synchronised, where that is longer than usual."""
        if self.quiet is None:
            return None
        lasts = self.now - self.quiet.since
        return lasts if lasts > max(_LEAST_QUIET, self.quiet.longest * _UNUSUAL) else None

    @property
    def troubles(self) -> list[Trouble]:
        """All that is the matter, the worst first: nothing goes on, it may soon, a person has to look."""
        known: dict[Trouble, bool] = {
            "down": bool(self.down),
            "no_worker": self.workers == 0,
            "waiting": bool(self.waiting),
            "held": self.held > 0,
            "attention": self.attention > 0,
            "quiet": self.quiet_for is not None,
        }
        return [name for name, applies in known.items() if applies]

    @property
    def verdict(self) -> Verdict:
        return next(iter(self.troubles), "good")


async def glance(db: Database, clock: Clock, *, worker_here: bool) -> Glance:
    now = clock()
    return Glance(
        now=now,
        systems=await connections_of(db),
        mappings=await numbers.mapping_counts(db),
        workers=await workers(db, here=worker_here),
        depth=await queue.depth(db),
        oldest_seconds=await queue.oldest_waiting_seconds(db),
        attention=await numbers.attention_count(db),
        today=await numbers.sync_counts_since(db, start_of_day(now)),
        polls=await numbers.poll_states(db),
        durations=await pulse.durations(db),
        quiet=await pulse.quiet(db),
        delivery=await pulse.last_delivery(db),
        success_at=await numbers.newest_success(db),
    )


async def syncs_over_time(db: Database, clock: Clock, window: Window) -> Outcomes:
    """What the chart shows of the statuses that are `CHARTED`."""
    return await pulse.outcomes(db, clock(), window.spans, int(window.span.total_seconds()))


async def in_queue(
    db: Database, person: Person, limit: int, after: Place | None = None
) -> tuple[list[InQueue], Place | None]:
    """What the depth of the queue counts, for pages and the API, and where the rest begins."""
    found, further = await waiting(db, limit, after)
    shown = [
        InQueue(
            entity=each.notice.key.entity,
            crm_id=as_seen_by(person, {"crmId": each.notice.key.crm_id})["crmId"],
            trigger=each.notice.trigger,
            running=each.running,
            due=each.due,
        )
        for each in found
    ]
    return shown, further
