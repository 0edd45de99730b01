"""The only door to a remote system: one wrapper of aiohttp, which never repeats anything.

What a failed call means is decided in `outcomes`, and only there. This module also keeps the promise of a dry
run: a read-only client refuses every write before it is sent.
"""

import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import msgspec
import truststore
from aiohttp.abc import AbstractResolver, AbstractStreamWriter

from hamgam.details import Detail
from hamgam.errors import Reason, Refused, SyncError
from hamgam.model import System
from hamgam.systems.lease import Lease, TooLate, held
from hamgam.systems.outcomes import Effect, broken_answer, check_status, transport_error
from hamgam.systems.ports import CallObserver, Limiter
from hamgam.systems.proxy import Proxy, environment_proxy

MAX_BODY_BYTES = 16 * 1024 * 1024

# Shorter than the idle limit of every common server (5 s is the smallest), so that it is us who let go of an
# idle connection: a write on one that the server is just closing would otherwise end in doubt.
KEEP_ALIVE_SECONDS = 4.0

MAX_CONNECT_SECONDS = 10.0

_encoder = msgspec.json.Encoder(decimal_format="number")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status that its caller has to judge: 2xx, 401 (but for a login), 404 or 405."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    effect: Effect
    system: System

    @property
    def found(self) -> bool:
        return self.status not in {404, 405}

    def decode(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body as `decoder` reads it.

        A body that is cut short, HTML, or of another shape raises TryLater after a read and InDoubt after a
        write, which may have happened although its answer is unreadable.
        """
        try:
            return decoder.decode(self.body.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self.broken() from None

    def broken(self, detail: str = "") -> SyncError:
        """What an answer means that came and cannot be understood."""
        return broken_answer(self.effect, self.system, detail, body=self.body)


class Stream:
    """An answer whose body is read piece by piece."""

    def __init__(
        self, response: aiohttp.ClientResponse, effect: Effect, system: System, observer: CallObserver
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.system = system
        self.failure: SyncError | None = None
        self._response = response
        self._effect = effect
        self._observer = observer

    async def chunks(self) -> AsyncGenerator[bytes]:
        try:
            while chunk := await self._next():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            self.failure = transport_error(error, self._effect, self.system)
            raise self.failure from error

    async def _next(self) -> bytes:
        """What has arrived since, at least something; b"" at the end."""
        with self._observer.waiting(self.system):
            return await self._response.content.readany()

    async def text(self) -> bytes:
        """The first part of a short body, for the text of an error."""
        async for chunk in self.chunks():
            return chunk
        return b""


class HttpClient:
    """Calls to one remote system.

    `timeout_seconds` is the total time of one call, of a streamed one the longest silence. `read_only` is the
    dry run: a write raises Refused(DRY_RUN) and nothing is sent. `resolver` looks up host names in place of
    the operating system. Nothing is ever repeated here.
    """

    def __init__(
        self,
        base_url: str,
        system: System,
        *,
        timeout_seconds: float,
        limiter: Limiter,
        observer: CallObserver,
        read_only: bool = False,
        max_connections: int = 8,
        resolver: AbstractResolver | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.system = system
        self.read_only = read_only
        self.base_url = base_url.rstrip("/")
        self._limiter = limiter
        self._observer = observer
        self._max_connections = max_connections
        self._resolver = resolver
        self._monotonic = monotonic
        connect = min(MAX_CONNECT_SECONDS, timeout_seconds / 2)
        self._whole = aiohttp.ClientTimeout(total=timeout_seconds, connect=connect)
        self._piecewise = aiohttp.ClientTimeout(total=None, connect=connect, sock_read=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._proxy: Proxy | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
    ) -> Reply:
        """Send one request and read its whole answer (at most 16 MiB).

        2xx, 401, 404 and 405 come back, since their meaning depends on the call; every other outcome raises
        one of the classes in `hamgam.errors`.
        """
        self._guard(effect)
        lease = held() if effect is Effect.WRITE else None
        async with self._limiter.slot():
            if lease is not None:
                await lease.renew()
            started = self._monotonic()
            try:
                reply = await self._exchange(method, path, body, headers, effect, lease)
            except SyncError as error:
                self._tell(started, error.reason)
                raise
            self._tell(started, Reason.SESSION_LOST if reply.status == 401 else None)
            return reply

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
        hold_slot: bool = True,
    ) -> AsyncIterator[Stream]:
        """Send one request and read its answer in pieces; leaving the block early closes the connection.

        With `hold_slot` the call counts against the limiter until its end. A caller that makes other calls to
        the same system while it reads must pass False: with a share of one it would wait for itself.
        """
        self._guard(effect)
        async with AsyncExitStack() as stack:
            slot = await stack.enter_async_context(AsyncExitStack())
            await slot.enter_async_context(self._limiter.slot())
            started = self._monotonic()
            try:
                stream = await self._open_stream(stack, method, path, body, headers, effect)
            except SyncError as error:
                self._tell(started, error.reason)
                raise
            if not hold_slot:
                await slot.aclose()
            try:
                yield stream
            finally:
                failed = stream.failure.reason if stream.failure else None
                self._tell(started, Reason.SESSION_LOST if stream.status == 401 else failed)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _guard(self, effect: Effect) -> None:
        if self.read_only and effect is Effect.WRITE:
            raise Refused(Reason.DRY_RUN, system=self.system)

    def _tell(self, started: float, reason: Reason | None) -> None:
        seconds = self._monotonic() - started
        self._observer.called(self.system, ok=reason is None, reason=reason or "", seconds=seconds)

    async def _exchange(
        self,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
        lease: Lease | None,
    ) -> Reply:
        request = self._request(method, path, body, headers, self._whole, lease)
        try:
            with self._observer.waiting(self.system):
                async with request as response:
                    content = await _limited(response)
        except (aiohttp.ClientError, OSError) as error:
            raise transport_error(error, effect, self.system) from error
        if content is None:
            raise broken_answer(effect, self.system, Detail.TOO_LONG())
        check_status(response.status, response.headers, content, effect, self.system)
        return Reply(response.status, content, response.headers, effect, self.system)

    async def _open_stream(
        self,
        stack: AsyncExitStack,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
    ) -> Stream:
        try:
            with self._observer.waiting(self.system):
                response = await self._request(method, path, body, headers, self._piecewise)
        except (aiohttp.ClientError, OSError) as error:
            raise transport_error(error, effect, self.system) from error
        stack.callback(response.close)
        stream = Stream(response, effect, self.system, self._observer)
        if not 200 <= response.status < 300:
            check_status(response.status, response.headers, await stream.text(), effect, self.system)
        return stream

    def _request(
        self,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
        lease: Lease | None = None,
    ) -> Any:
        data, extra = None, dict(headers)
        if body is not None:
            data = _Body(self._encoded(body), lease)
            extra["Content-Type"] = "application/json; charset=utf-8"
        session = self._open_session()
        proxy, proxy_headers = None, None
        if self._proxy is not None:
            proxy, proxy_headers = self._proxy.url, self._proxy.place_login(extra)
        return session.request(
            method,
            self.base_url + path,
            data=data,
            headers=extra,
            timeout=timeout,
            allow_redirects=False,
            proxy=proxy,
            proxy_headers=proxy_headers,
        )

    def _encoded(self, body: object) -> bytes:
        try:
            return _encoder.encode(body)
        except UnicodeEncodeError:
            raise Refused(Reason.UNUSABLE_RECORD, Detail.HALF_A_PAIR(), system=self.system) from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._max_connections,
                resolver=self._resolver,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                ssl=_system_trust() if self.base_url.startswith("https:") else True,
            )
            session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
            never_resend(session)
            self._proxy = environment_proxy(self.base_url)
            self._session = session
        return self._session


class _Body(aiohttp.BytesPayload):
    """A body that is handed to the socket only while the lease is good.

    This is the last moment at which a process that was stopped can still keep a write back: the head waits
    to be sent with the body.
    """

    def __init__(self, content: bytes, lease: Lease | None) -> None:
        super().__init__(content)
        self._lease = lease

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if self._lease is not None:
            if not self._lease.valid:
                raise TooLate
            self._lease.used = True
        await super().write_with_length(writer, content_length)


def never_resend(session: aiohttp.ClientSession) -> None:
    """Turn off aiohttp's own repetition of PUT, DELETE and reads after a dropped connection.

    The switch is private, so its absence is an error: a resent write is what this module must prevent.
    """
    if not hasattr(session, "_retry_connection"):
        raise RuntimeError("this version of aiohttp cannot be told not to resend requests")
    session._retry_connection = False


async def _limited(response: aiohttp.ClientResponse) -> bytes | None:
    """The whole body, or None when it is larger than we accept."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            response.close()
            return None
    return bytes(content)


def _system_trust() -> ssl.SSLContext:
    # Certificates of the operating system: sites add their own authority there. aiohttp's default context is
    # made at import and knows nothing of it.
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
