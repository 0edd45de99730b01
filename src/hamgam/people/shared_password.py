"""DASHBOARD_PASSWORD: one word for all who know it, and how often one may try it."""

import hmac
from collections import OrderedDict
from collections.abc import Callable

import structlog

from hamgam.intake.pace import Pace
from hamgam.people.secret import fingerprint
from hamgam.people.signing_in import TRIES, TRIES_SECONDS, TooOften

logger = structlog.get_logger()

_MOST_KNOWN = 1_000


class SharedPassword:
    """Wrong ones are counted for each source, in memory, by each process for itself.

    A monitor may share its address with somebody who guesses, behind a proxy above all. To let it in for its
    right password alone would tell the other one when a guess is right. So a client that has been in is known
    by its source and the user name that it sends, and has tries of its own.
    """

    def __init__(self, password: str, monotonic: Callable[[], float]) -> None:
        self._password = password.encode()
        self._sources, self._clients = (Pace(TRIES / TRIES_SECONDS, TRIES, monotonic) for _ in range(2))
        self._known: OrderedDict[str, None] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._password)

    def knows(self, source: str, user: bytes, given: bytes) -> bool | TooOften:
        """Whether it is the right one; who has to wait is not told."""
        client = fingerprint(f"{source} {user!r}")
        pace, who = (self._clients, client) if client in self._known else (self._sources, source)
        if wait := pace.wait_seconds(who):
            logger.warning("people.password_held", source=source)
            return TooOften(wait)
        if not hmac.compare_digest(given, self._password):
            pace.count(who)
            logger.warning("people.password_failed", source=source)
            return False
        self._remember(client)
        return True

    def _remember(self, client: str) -> None:
        self._clients.forget(client)
        self._known[client] = None
        self._known.move_to_end(client)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
