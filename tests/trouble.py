"""For tests of remote trouble: a host that nobody knows, and somebody who is told of outages."""

import socket
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

from hamgam.errors import Reason
from hamgam.model import System


@dataclass
class Outages:
    """An `OutageObserver` that remembers: the reason when a system goes down, the seconds when it is back."""

    seen: list[Reason | float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def went_down(self, system: System, reason: Reason) -> None:
        self.seen.append(reason)

    def asks_again(self, system: System, *, in_seconds: float) -> None:
        self.pauses.append(in_seconds)

    def came_back(self, system: System, *, after_seconds: float) -> None:
        self.seen.append(after_seconds)


class NoSuchHost(AbstractResolver):
    """Knows no name until it is told to; then every host is this machine. No packet leaves it."""

    knows = False

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        if not self.knows:
            raise OSError(socket.EAI_NONAME, "Name or service not known")
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        return None
