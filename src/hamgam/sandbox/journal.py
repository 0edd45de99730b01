"""What the sandbox was asked: every request in the order in which it arrived."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hamgam.sandbox.times import Clock
from hamgam.sandbox.wire import Call, Effect, SystemName


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request. `status` is None while it runs and 0 when the connection was dropped without an answer."""

    order: int
    system: SystemName
    operation: str
    method: str
    path: str
    body: Any
    effect: Effect
    transaction_id: str | None
    at: datetime
    """When it arrived, aware UTC."""
    status: int | None = None
    fault: str | None = None
    """The kind of the fault that it met."""


class Journal:
    """The requests so far. With `max_entries` the oldest are forgotten."""

    def __init__(self, clock: Clock, max_entries: int | None = None) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._order = 0
        self._news = asyncio.Event()
        self.entries: list[Entry] = []
        self.running: dict[str, int] = defaultdict(int)
        self._peak: dict[str, int] = defaultdict(int)

    def begin(self, call: Call) -> Entry:
        self._order += 1
        entry = Entry(
            order=self._order,
            system=call.system,
            operation=call.operation,
            method=call.method,
            path=call.path,
            body=call.body,
            effect=call.effect,
            transaction_id=call.headers.get("X-Transaction-Id"),
            at=self._clock(),
        )
        self.entries.append(entry)
        self._forget()
        self.running[call.system] += 1
        self._peak[call.system] = max(self._peak[call.system], self.running[call.system])
        self._wake()
        return entry

    def end(self, entry: Entry) -> None:
        self.running[entry.system] -= 1
        self._wake()

    def calls(
        self, system: str | None = None, effect: str | None = None, operation: str | None = None
    ) -> list[Entry]:
        """The requests that match all the given conditions, oldest first."""
        return [
            entry
            for entry in self.entries
            if system in (None, entry.system)
            and effect in (None, entry.effect)
            and operation in (None, entry.operation)
        ]

    async def wait_for(
        self,
        count: int,
        system: str | None = None,
        effect: str | None = None,
        operation: str | None = None,
    ) -> list[Entry]:
        """Wait until so many matching requests have arrived (not: were answered)."""
        while len(found := self.calls(system, effect, operation)) < count:
            await self._news.wait()
        return found

    def max_parallel(self, system: str) -> int:
        """The largest number of requests that ran at the same time."""
        return self._peak[system]

    def clear(self) -> None:
        self.entries.clear()
        self._peak = defaultdict(int, self.running)

    def _forget(self) -> None:
        if self._max_entries is not None and len(self.entries) > self._max_entries:
            del self.entries[: self._max_entries // 10 + 1]

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
