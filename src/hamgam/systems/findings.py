"""Collects what a site probe finds out. A step that fails is a finding too; nothing here raises."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from hamgam.errors import Reason, SyncError
from hamgam.model import Finding, ProbeReport

_NO_ANSWER = {
    Reason.UNREACHABLE,
    Reason.TIMEOUT,
    Reason.WRONG_ADDRESS,
    Reason.BROKEN_ANSWER,
    Reason.NOT_SUPPORTED,
}
"""Nothing answered there as the remote system should."""
_NO_LOGIN = {Reason.BAD_CREDENTIALS, Reason.SESSION_LOST, Reason.LOCKED_OUT, Reason.NOT_LICENSED}

LOGIN = "login"


class Findings:
    """The steps of one probe, in order. `monotonic` answers seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._findings: list[Finding] = []
        self._milliseconds: dict[str, int] = {}
        self._outcomes: dict[str, Reason | None] = {}

    def add(self, code: str, value: object, meaning: str) -> None:
        self._findings.append(Finding(code, str(value), meaning))

    async def step(self, name: str, action: Callable[[], Awaitable[object]]) -> bool:
        """Run one step and note how long it took. False: it failed, and the failure is a finding."""
        started = self._monotonic()
        try:
            await action()
        except SyncError as error:
            self._outcomes[name] = error.reason
            self.add(name, error.reason, f"The step '{name}' of the probe failed with this reason.")
            return False
        self._outcomes[name] = None
        self._milliseconds.setdefault(name, self.since(started))
        return True

    def since(self, started: float) -> int:
        return round((self._monotonic() - started) * 1000)

    def clock_difference(self, theirs: datetime, ours: datetime, *, told_to: float = 0) -> None:
        """Both aware. Positive: the remote clock is ahead.

        A clock that is told to the minute only (`told_to` 60) may be later than it says by that much; of all
        differences that are possible the smallest is named.
        """
        least = (theirs - ours).total_seconds()
        seconds = round(least if least > 0 else min(0.0, least + told_to))
        meaning = "How far the remote clock is ahead of this machine's"
        self.add("clock_difference_seconds", seconds, f"{meaning}{', at least' if told_to else ''}.")

    def report(self) -> ProbeReport:
        """A stored session makes the login step succeed without a call, so the other steps count as well."""
        reads = [reason for name, reason in self._outcomes.items() if name != LOGIN or reason is not None]
        reachable = any(reason not in _NO_ANSWER for reason in reads)
        logged_in = reachable and self._outcomes.get(LOGIN) is None and not _NO_LOGIN.intersection(reads)
        return ProbeReport(
            reachable=reachable,
            login=logged_in,
            findings=tuple(self._findings),
            milliseconds=dict(self._milliseconds),
        )
