"""An outage is noticed once, asked about seldom, and over for everybody at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from hamgam.errors import Conflict, InDoubt, NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems.breaker import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Breaker
from tests.fakes import Clock
from tests.trouble import Outages

HOUR = 3600
GONE = TryLater(Reason.UNREACHABLE, system_wide=True)
SILENT = TryLater(Reason.TIMEOUT)
AMBIGUOUS = [
    SILENT,
    TryLater(Reason.SERVER_ERROR),
    TryLater(Reason.BROKEN_ANSWER),
    TryLater(Reason.UNREACHABLE),
    InDoubt(Reason.ANSWER_LOST),
]


class Remote:
    """A system that is away until a moment of the clock, or for as long as the test says."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.back_at: float = 0
        self.trouble: Exception = SILENT
        self.asked_at: list[float] = []

    async def alive(self) -> None:
        self.asked_at.append(self.clock.monotonic())
        await asyncio.sleep(0)
        if self.clock.monotonic() < self.back_at:
            raise self.trouble


class World:
    def __init__(self, random: Callable[[], float] = lambda: 1.0) -> None:
        self.clock, self.outages = Clock(), Outages()
        self.remote = Remote(self.clock)
        self.breaker = Breaker(
            System.FINANCE,
            self.remote.alive,
            observer=self.outages,
            random=random,
            sleep=self.clock.sleep,
            monotonic=self.clock.monotonic,
        )

    async def outage(self, error: SyncError) -> bool:
        return await self.breaker.is_outage(error, self.breaker.outages_over)

    def away_for(self, seconds: float, trouble: Exception = SILENT) -> None:
        self.remote.back_at = self.clock.monotonic() + seconds
        self.remote.trouble = trouble


@asynccontextmanager
async def world(random: Callable[[], float] = lambda: 1.0) -> AsyncIterator[World]:
    made = World(random)
    yield made
    await made.breaker.aclose()


@pytest.mark.parametrize(
    "error",
    [
        GONE,
        TryLater(Reason.RATE_LIMITED, system_wide=True),
        TryLater(Reason.SERVER_ERROR, system_wide=True, retry_after_seconds=5),
    ],
    ids=str,
)
async def test_what_is_the_systems_by_its_nature_needs_no_question(error: TryLater) -> None:
    async with world() as w:
        assert await w.outage(error)
        assert w.breaker.is_down
        assert w.remote.asked_at == []
        assert w.outages.seen == [error.reason]


@pytest.mark.parametrize("error", AMBIGUOUS, ids=str)
async def test_what_a_record_may_cause_as_well_is_the_records_while_the_system_answers(
    error: SyncError,
) -> None:
    async with world() as w:
        assert not await w.outage(error)
        assert not w.breaker.is_down
        w.away_for(HOUR, TryLater(Reason.UNREACHABLE))
        assert await w.outage(error)
        assert w.breaker.is_down
        assert w.outages.seen == [Reason.UNREACHABLE]


@pytest.mark.parametrize(
    "error",
    [Refused(Reason.BUSINESS_ERROR), Conflict(Reason.OTHER_CODE), NeedsOperator(Reason.BAD_CREDENTIALS)],
    ids=str,
)
async def test_an_answer_is_no_outage(error: SyncError) -> None:
    async with world() as w:
        assert not await w.outage(error)
        assert (w.breaker.is_down, w.remote.asked_at) == (False, [])


@pytest.mark.parametrize(
    "answer", [NeedsOperator(Reason.BAD_CREDENTIALS), Refused(Reason.BAD_REQUEST)], ids=str
)
async def test_a_system_that_refuses_us_is_alive(answer: SyncError) -> None:
    async with world() as w:
        w.away_for(HOUR, answer)
        assert not await w.outage(SILENT)
        await w.outage(GONE)
        await w.breaker.up()
        assert w.clock.slept == [FIRST_PAUSE_SECONDS]


async def test_the_questions_become_rarer_and_all_who_wait_go_on_together() -> None:
    async with world() as w:
        waiting = [asyncio.create_task(w.breaker.up()) for _ in range(100)]
        await asyncio.gather(*waiting)
        w.away_for(60)
        await w.outage(GONE)
        waiting = [asyncio.create_task(w.breaker.up()) for _ in range(100)]
        await asyncio.gather(*waiting)
        assert w.outages.pauses == w.clock.slept == [1, 2, 4, 8, 16, 30]
        assert w.outages.seen == [Reason.UNREACHABLE, 61]
        assert not w.breaker.is_down


@pytest.mark.parametrize("seconds", [0.5, 60, 24 * HOUR])
async def test_an_outage_of_any_length_is_noticed_once_and_ends(seconds: float) -> None:
    async with world() as w:
        w.away_for(seconds)
        outages = [await w.outage(GONE) for _ in range(10)]
        await w.breaker.up()
        assert all(outages)
        reason, lasted = w.outages.seen
        assert reason is Reason.UNREACHABLE
        assert isinstance(lasted, float)
        assert seconds <= lasted <= seconds + LONGEST_PAUSE_SECONDS


async def test_many_failures_at_once_ask_one_question() -> None:
    async with world() as w:
        w.away_for(HOUR)
        assert all(await asyncio.gather(*(w.outage(error) for error in AMBIGUOUS * 5)))
        assert w.remote.asked_at.count(0) == 1
        assert w.outages.seen == [Reason.TIMEOUT]


async def test_a_question_survives_one_of_those_who_wait_for_it() -> None:
    async with world() as w:
        w.away_for(HOUR)
        first = asyncio.create_task(w.outage(SILENT))
        second = asyncio.create_task(w.outage(SILENT))
        while not w.remote.asked_at:
            await asyncio.sleep(0)
        first.cancel()
        assert await second


async def test_no_question_comes_before_the_server_wishes() -> None:
    async with world() as w:
        w.away_for(100, TryLater(Reason.RATE_LIMITED, retry_after_seconds=50))
        await w.outage(TryLater(Reason.RATE_LIMITED, retry_after_seconds=20, system_wide=True))
        await w.breaker.up()
        assert w.clock.slept == [20, 50, 50]


async def test_no_wish_makes_us_wait_for_ever() -> None:
    async with world() as w:
        await w.outage(TryLater(Reason.RATE_LIMITED, retry_after_seconds=1e12, system_wide=True))
        await w.breaker.up()
        assert w.clock.slept == [HOUR]


async def test_processes_do_not_ask_in_step() -> None:
    slept = set()
    for chance in (0.0, 0.3, 0.7):
        async with world(lambda chance=chance: chance) as w:
            await w.outage(GONE)
            await w.breaker.up()
            slept |= set(w.clock.slept)
    assert len(slept) == 3
    assert all(FIRST_PAUSE_SECONDS / 2 <= pause <= FIRST_PAUSE_SECONDS for pause in slept)


async def test_one_that_goes_down_again_at_once_is_asked_as_rarely_as_before() -> None:
    async with world() as w:
        for _ in range(3):
            await w.outage(GONE)
            await w.breaker.up()
        assert w.clock.slept == [1, 2, 4]
        w.clock.tick(LONGEST_PAUSE_SECONDS)
        await w.outage(GONE)
        await w.breaker.up()
        assert w.clock.slept == [1, 2, 4, 1]


async def test_a_question_that_cannot_be_asked_ends_nothing() -> None:
    """The login is kept in the database, which may be away as well."""
    async with world() as w:
        w.away_for(60, OSError("the database"))
        await w.outage(GONE)
        await w.breaker.up()
        assert len(w.remote.asked_at) > 3
        w.away_for(60, OSError("the database"))
        with pytest.raises(OSError, match="the database"):
            await w.outage(SILENT)
        assert not w.breaker.is_down


@pytest.mark.parametrize("error", AMBIGUOUS, ids=str)
async def test_a_call_that_hung_in_an_outage_and_fails_after_its_end(error: SyncError) -> None:
    async with world() as w:
        before = w.breaker.outages_over
        await w.outage(GONE)
        await w.breaker.up()
        assert await w.breaker.is_outage(error, before)
        assert not await w.outage(error), "a call that began later is no part of it"


async def test_closing_ends_the_watch() -> None:
    async with world() as w:
        w.away_for(float("inf"))
        await w.outage(GONE)
        await w.breaker.aclose()
        asked = len(w.remote.asked_at)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(w.remote.asked_at) == asked
