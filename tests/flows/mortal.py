"""Processes that can be killed at any step, and held at any step while another goes on."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

from sqlalchemy import Executable
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database


class Killed(BaseException):
    """The process is gone. Not an `Exception`: nothing in the engine may catch it and go on."""


async def _yield() -> None:
    await asyncio.sleep(0)


class Life:
    """One process: it counts its steps, and dies at the one that it is told.

    A step is the moment after something that others may see: a remote call, a statement that commits by
    itself, the commit of a transaction; and the moment before a remote write and before a commit. The moment
    before anything else is the one after what came before it. Whatever a dead process still tries (`finally`)
    fails.
    """

    def __init__(self, dies_at: int | None = None, pause: Callable[[], Awaitable[None]] = _yield) -> None:
        self.dies_at = dies_at
        self.dead = False
        self.steps = 0
        self.last = "its start"
        self.pause = pause
        self.one_at_a_time = asyncio.Lock()
        """Held over each effect, so that what a process does in parallel keeps one order, at any speed."""

    def check(self) -> None:
        if self.dead:
            raise Killed(self.last)

    async def step(self, what: str) -> None:
        self.may_die(what)
        await self.pause()

    def may_die(self, what: str) -> None:
        """A step at which the process is never held: inside a transaction others would wait for it."""
        self.check()
        self.steps += 1
        self.last = what
        self.dead = self.steps == self.dies_at
        self.check()


class MortalDatabase(Database):
    """The engine's database as one process has it.

    Each process works through one connection of its own: that saves two thirds of the time of a statement.
    """

    life = Life()

    async def connect(self, processes: int) -> None:
        self._connections = [await self.lasting_connection() for _ in range(processes)]

    async def aclose(self) -> None:
        for connection in self._connections:
            await connection.close()
        await super().aclose()

    def of(self, life: Life, place: int) -> Self:
        mine = copy.copy(self)
        mine.life, mine._kept = life, self._connections[place]
        return mine

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        async with self.life.one_at_a_time:
            self.life.check()
            done = await super().execute(statement, parameters)
            await self.life.step("after a statement")
            return done

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        async with self.life.one_at_a_time:
            self.life.check()
            async with super().transaction() as connection:
                yield connection
                self.life.may_die("before a commit")
            await self.life.step("after a commit")

    @asynccontextmanager
    async def locked(self, key: str, *, wait: bool = False) -> AsyncIterator["Database | None"]:
        """Whoever waits asks again after each pause, so that a held process never blocks the event loop."""
        while True:
            self.life.check()
            async with super().locked(key) as held:
                if held is not None or not wait:
                    yield held
                    return
            await self.life.pause()


Act = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
"""What one of several processes does, given the `pause` of its life."""


async def together(acts: Sequence[Act], choices: Sequence[int]) -> None:
    """Run several processes, one step of one of them at a time.

    Each choice says who makes the next step; afterwards they take turns.
    """
    parked: dict[int, asyncio.Event] = {}
    news = asyncio.Event()

    async def pause(me: int) -> None:
        parked[me] = asyncio.Event()
        news.set()
        await parked[me].wait()

    async def whole(me: int, act: Act) -> None:
        try:
            await pause(me)
            await act(partial(pause, me))
        except Killed:
            return
        finally:
            news.set()

    tasks = [asyncio.create_task(whole(me, act)) for me, act in enumerate(acts)]
    turn = 0
    while going := [me for me, task in enumerate(tasks) if not task.done()]:
        if all(me in parked for me in going):
            choice = choices[turn] if turn < len(choices) else turn
            parked.pop(going[choice % len(going)]).set()
            turn += 1
        news.clear()
        await news.wait()
    await asyncio.gather(*tasks)
