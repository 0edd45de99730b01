"""The limiter with a clock of its own: no test waits."""

import asyncio

import pytest

from hamgam.systems.limits import LocalLimiter
from tests.fakes import Clock


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Load:
    """Workers that hold their slot until they are released, in the order in which they got it."""

    def __init__(self, limiter: LocalLimiter) -> None:
        self.limiter = limiter
        self.started: list[int] = []
        self.release: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def add(self, name: int) -> None:
        self.release[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._work(name))
        await settle()

    async def _work(self, name: int) -> None:
        async with self.limiter.slot():
            self.started.append(name)
            await self.release[name].wait()

    async def finish(self, *names: int) -> None:
        for name in names:
            self.release[name].set()
            await self.tasks[name]
        await settle()


async def test_no_more_than_the_share_at_once_and_first_come_first_served() -> None:
    load = Load(LocalLimiter(2, 0))
    for name in range(5):
        await load.add(name)
    assert load.started == [0, 1]
    await load.finish(1)
    assert load.started == [0, 1, 2]
    await load.finish(0, 2)
    assert load.started == [0, 1, 2, 3, 4]
    await load.finish(3, 4)


async def test_the_share_changes_while_others_wait() -> None:
    limiter = LocalLimiter(1, 0)
    load = Load(limiter)
    for name in range(4):
        await load.add(name)
    limiter.set_share(3, 0)
    await settle()
    assert load.started == [0, 1, 2]
    limiter.set_share(1, 0)
    await load.finish(0, 1)
    assert load.started == [0, 1, 2], "one still runs"
    await load.finish(2)
    assert load.started == [0, 1, 2, 3]
    await load.finish(3)


async def test_a_share_of_nothing_makes_everyone_wait() -> None:
    limiter = LocalLimiter(0, 0)
    load = Load(limiter)
    await load.add(0)
    assert load.started == []
    limiter.set_share(1, 0)
    await settle()
    assert load.started == [0]
    await load.finish(0)


async def test_a_cancelled_waiter_leaves_the_queue() -> None:
    load = Load(LocalLimiter(1, 0))
    for name in range(3):
        await load.add(name)
    load.tasks[1].cancel()
    await settle()
    await load.finish(0)
    assert load.started == [0, 2]
    await load.finish(2)
    await load.add(3)
    assert load.started == [0, 2, 3]
    await load.finish(3)


async def test_one_that_is_cancelled_when_its_turn_has_come_passes_the_place_on() -> None:
    limiter = LocalLimiter(1, 0)
    load = Load(limiter)
    async with limiter.slot():
        await load.add(1)
        await load.add(2)
    load.tasks[1].cancel()  # the place was given to it, and it has not run yet
    await settle()
    assert load.started == [2]
    await load.finish(2)


async def test_cancelling_a_paced_call_frees_its_place() -> None:
    clock, forever = Clock(), asyncio.Event()

    async def never(seconds: float) -> None:
        await forever.wait()

    limiter = LocalLimiter(1, 0.1, clock=clock.monotonic, sleep=never)
    async with limiter.slot():
        pass
    async with limiter.slot():
        pass
    paced = asyncio.create_task(limiter.slot().__aenter__())
    await settle()
    paced.cancel()
    await settle()
    limiter.set_share(1, 0)
    clock.tick(3600)
    async with limiter.slot():
        pass


async def test_calls_are_spread_evenly_after_a_small_burst() -> None:
    clock = Clock()
    limiter = LocalLimiter(1, 10, clock=clock.monotonic, sleep=clock.sleep)
    starts = []
    for _ in range(12):
        async with limiter.slot():
            starts.append(round(clock.monotonic(), 6))
    assert starts == [0, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


async def test_never_more_calls_in_a_second_than_the_rate_and_its_burst() -> None:
    clock = Clock()
    limiter = LocalLimiter(4, 20, clock=clock.monotonic, sleep=clock.sleep)
    starts = []
    for number in range(100):
        async with limiter.slot():
            starts.append(clock.monotonic())
        if number == 50:
            clock.tick(10)  # idle time earns no more than the burst
    for start in starts:
        assert sum(1 for other in starts if start <= other < start + 1) <= 20 + 2


async def test_a_new_rate_counts_from_the_next_call() -> None:
    clock = Clock()
    limiter = LocalLimiter(1, 1, clock=clock.monotonic, sleep=clock.sleep)
    for _ in range(3):
        async with limiter.slot():
            pass
    assert clock.monotonic() == 1
    limiter.set_share(1, 0)
    clock.tick(2)
    before = clock.monotonic()
    for _ in range(100):
        async with limiter.slot():
            pass
    assert clock.monotonic() == before


def test_a_share_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        LocalLimiter(-1, 1)
    with pytest.raises(ValueError, match="negative"):
        LocalLimiter(1, -1)
