"""How often one source may do something: a token bucket for each, in memory, of this process alone."""

import math
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

_MOST_SOURCES = 10_000


class Pace:
    """Allows `per_second` in the long run and `burst` at once.

    Only sources that have used some of their burst are remembered, at most `most` of them: the one that was
    seen least recently is forgotten first. `monotonic` answers seconds.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        monotonic: Callable[[], float],
        *,
        most: int = _MOST_SOURCES,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._most = most
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What each source has used of its burst, and when that was true."""

    def __len__(self) -> int:
        return len(self._used)

    def wait_seconds(self, source: str) -> int:
        """How long this source has to wait, in whole seconds; 0 when it may go on."""
        missing = self._used_now(source) + 1 - self._burst
        return math.ceil(missing / self._per_second) if missing > 0 else 0

    def count(self, source: str) -> None:
        """One more of this source. The bucket does not overflow: nobody waits longer than for one."""
        used = min(self._used_now(source) + 1, float(self._burst))
        self._used[source] = (used, self._monotonic())
        self._used.move_to_end(source)
        if len(self._used) > self._most:
            self._used.popitem(last=False)

    def give_back(self, source: str) -> None:
        """One of this source did not count after all."""
        if source in self._used:
            self._used[source] = (max(0.0, self._used_now(source) - 1), self._monotonic())

    def forget(self, source: str) -> None:
        """This source has its whole burst again."""
        self._used.pop(source, None)

    def _used_now(self, source: str) -> float:
        used, at = self._used.get(source, (0.0, 0.0))
        return max(0.0, used - (self._monotonic() - at) * self._per_second)


def source_of(peer: str) -> str:
    """What counts as one source: an address, or an IPv6 network, of which one machine has every address."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer[:64]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
