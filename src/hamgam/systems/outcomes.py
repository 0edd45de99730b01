"""What the outcome of a remote call means.

The same lost connection is harmless for a read and a doubt for a write. It is decided here and nowhere else.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum

import aiohttp

from hamgam.details import Detail
from hamgam.errors import InDoubt, NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems.lease import TooLate

MAX_REMOTE_TEXT = 300


class Effect(StrEnum):
    """What a call may change. Every call says it; there is no default."""

    LOGIN = "login"
    READ = "read"
    WRITE = "write"


def transport_error(error: Exception, effect: Effect, system: System) -> SyncError:
    """What a call means that ended without an answer.

    Only an error from before the request was written proves that nothing happened. The order matters:
    aiohttp's connector error is also an OS error, and its socket timeout is also a TimeoutError.
    """
    detail = _what_broke(error)
    match error:
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return NeedsOperator(Reason.WRONG_ADDRESS, detail, system=system)
        case (
            aiohttp.ClientConnectorError()
            | aiohttp.ConnectionTimeoutError()
            | aiohttp.ClientHttpProxyError()
            | aiohttp.ClientConnectionError(__cause__=TooLate())
        ):
            return TryLater(Reason.UNREACHABLE, detail, system=system, system_wide=True)
    if effect is Effect.WRITE:
        return InDoubt(Reason.ANSWER_LOST, detail, system=system)
    match error:
        case TimeoutError():
            return TryLater(Reason.TIMEOUT, detail, system=system)
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return TryLater(Reason.BROKEN_ANSWER, detail, system=system)
    return TryLater(Reason.UNREACHABLE, detail, system=system)


def _what_broke(error: Exception) -> str:
    """What a person can look after. The error's own text may hold an address with a password in it."""
    broke = (detail for kinds, detail in _BROKEN if isinstance(error, kinds))
    return next(broke, Detail.CONNECTION_BROKE_OFF)()


_BROKEN: tuple[tuple[tuple[type[Exception], ...], Detail], ...] = (
    ((aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError), Detail.NO_SUCH_ADDRESS),
    ((aiohttp.ClientSSLError,), Detail.NOT_ENCRYPTED),
    ((aiohttp.ClientConnectorDNSError,), Detail.UNKNOWN_NAME),
    (
        (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError),
        Detail.NO_PROXY,
    ),
    ((aiohttp.ClientConnectorError,), Detail.NOT_CONNECTED),
    ((TimeoutError,), Detail.NO_ANSWER),
    ((aiohttp.ClientPayloadError, aiohttp.ClientResponseError), Detail.ANSWER_BROKE_OFF),
)
"""The first that fits counts."""


def check_status(
    status: int, headers: Mapping[str, str], body: bytes, effect: Effect, system: System
) -> None:
    """Raise what a status means, or return where only the caller can know it (2xx, 401, 404, 405)."""
    if status == 401 and effect is Effect.LOGIN:
        raise NeedsOperator(Reason.BAD_CREDENTIALS, system=system)
    if 200 <= status < 300 or status in {401, 404, 405}:
        return
    text = remote_text(body)
    if status < 400 or status in {407, 421}:
        raise NeedsOperator(Reason.WRONG_ADDRESS, Detail.STATUS(status), system=system)
    if status == 402 or (status == 403 and effect is Effect.LOGIN):
        reason = Reason.NOT_LICENSED if status == 402 else Reason.LOCKED_OUT
        raise NeedsOperator(reason, text, system=system)
    if status in _NOT_DONE:
        raise TryLater(
            _NOT_DONE[status],
            Detail.STATUS(status),
            system=system,
            retry_after_seconds=retry_after_seconds(headers),
            system_wide=status != 408,
        )
    if status < 500:
        raise Refused(Reason.BAD_REQUEST, text, system=system)
    if effect is Effect.WRITE:
        raise InDoubt(Reason.SERVER_ERROR, Detail.STATUS(status), system=system)
    raise TryLater(Reason.SERVER_ERROR, Detail.STATUS(status), system=system)


_NOT_DONE = {408: Reason.TIMEOUT, 429: Reason.RATE_LIMITED, 503: Reason.SERVER_ERROR}
"""Statuses by which a server says that it did not take up the request, so that a write may be repeated."""


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the server asks us to wait: seconds, or a date counted from the answer's own Date header."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def remote_text(body: bytes) -> str:
    """The remote system's own words, short; nothing of a page of HTML."""
    text = " ".join(body[: MAX_REMOTE_TEXT * 4].decode("utf-8", "replace").split())
    return "" if text.startswith("<") else text[:MAX_REMOTE_TEXT]


def broken_answer(effect: Effect, system: System, detail: str = "", *, body: bytes = b"") -> SyncError:
    """What an answer means that came and cannot be understood. A login that is a page is another server's."""
    if effect is Effect.LOGIN and body.lstrip().startswith(b"<"):
        return NeedsOperator(Reason.WRONG_ADDRESS, Detail.A_WEB_PAGE(), system=system)
    branch = InDoubt if effect is Effect.WRITE else TryLater
    return branch(Reason.BROKEN_ANSWER, detail, system=system)
