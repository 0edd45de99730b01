"""What can go wrong on the way, on request: faults, each used up by the requests that it matches."""

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from hamgam.sandbox.wire import Call


class FaultKind(StrEnum):
    LATENCY = "latency"
    """Answers after `seconds`."""
    STATUS = "status"
    """Answers `status`; nothing is done."""
    RESET_BEFORE = "reset_before"
    """The connection is dropped; nothing is done."""
    RESET_AFTER = "reset_after"
    """The work is done, then the connection is dropped."""
    RESET_MIDWAY = "reset_midway"
    """The work is done, then the connection is dropped in the middle of the body."""
    TIMEOUT = "timeout"
    """Silence until the client leaves or the sandbox stops; with `after` the work is done first."""
    UNAUTHORIZED = "unauthorized"
    """401, though the session lives on."""
    BROKEN_BODY = "broken_body"
    """The work is done; 200 with JSON that stops in the middle."""
    SHORT_LIST = "short_list"
    """200 with a well-formed array that holds only the first half of the rows."""
    HTML_BODY = "html_body"
    """200 with an HTML error page; nothing is done."""
    RATE_LIMITED = "rate_limited"
    """429 with Retry-After; nothing is done."""
    MAINTENANCE = "maintenance"
    """503 with Retry-After; nothing is done."""


@dataclass(slots=True, eq=False)
class Fault:
    """One fault. A condition that is None matches everything.

    `operation` is an operation's name, a pattern such as `*/find`, or the name of an effect.
    """

    kind: FaultKind
    system: str | None = None
    operation: str | None = None
    effect: str | None = None
    times: int | None = 1
    """How many requests it meets; None: until it is cleared."""
    skip: int = 0
    """How many matching requests pass unharmed first."""
    seconds: float = 1.0
    status: int = 500
    retry_after: float = 1.0
    after: bool = False
    text: str = "درخواست انجام نشد."
    """What the answer of an error says."""
    hits: int = 0

    def matches(self, call: Call) -> bool:
        return (
            self.system in (None, call.system)
            and self.effect in (None, call.effect)
            and (
                self.operation is None
                or self.operation == call.effect
                or fnmatchcase(call.operation, self.operation)
            )
        )

    @property
    def used_up(self) -> bool:
        return self.times is not None and self.hits >= self.times


class Faults:
    """The faults that wait for their requests; the first that matches is used."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        self.waiting.clear()

    def take(self, call: Call) -> Fault | None:
        for fault in self.waiting:
            if fault.matches(call):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.hits += 1
                if fault.used_up:
                    self.waiting.remove(fault)
                return fault
        return None
