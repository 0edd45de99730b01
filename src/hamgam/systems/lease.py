"""Leave to write, which runs out.

Whoever is about to write asks the database whether the work is still his own. A process may be stopped
after that, and wake up when another has taken its work over, so the answer is good for a few seconds only:
shorter than the silence after which work is taken over, also with the time that connecting may take.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LEASE_SECONDS = 10.0


class TooLate(Exception):
    """The lease has run out on the way to the socket; nothing was sent."""


class Lease:
    """`ask` raises when the work is no longer ours. `monotonic` answers seconds."""

    def __init__(self, ask: Callable[[], Awaitable[None]], monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._ends = float("-inf")
        self.used = False
        """Whether a write was handed to the socket; until then it has surely not happened."""
        self._asking = asyncio.Lock()

    @property
    def valid(self) -> bool:
        return self._monotonic() < self._ends

    async def renew(self) -> None:
        """Ask again where the last answer is too old."""
        async with self._asking:
            if not self.valid:
                asked = self._monotonic()
                await self._ask()
                self._ends = asked + LEASE_SECONDS


_held: ContextVar[Lease | None] = ContextVar("lease", default=None)


@contextmanager
def holding(lease: Lease) -> Iterator[None]:
    """Writes inside, and in tasks that are started inside, leave only under this lease."""
    token = _held.set(lease)
    try:
        yield
    finally:
        _held.reset(token)


def held() -> Lease | None:
    """The lease that writes of this task need; None: a write that nobody else could have taken over."""
    return _held.get()
