"""How an answer reaches the client, and the ways in which it does not."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from hamgam.sandbox.faults import Fault, FaultKind
from hamgam.sandbox.journal import Entry
from hamgam.sandbox.wire import Answer, decode, encode, json_answer

_HTML = "<!DOCTYPE html><html><body><h1>خطای سرور</h1><p>{}</p></body></html>"
_LOOK_SECONDS = 0.05


class Responder:
    """Answers one request. `work` does what was asked for and says what the answer would be."""

    def __init__(
        self,
        request: web.BaseRequest,
        entry: Entry,
        *,
        work: Callable[[], Answer],
        sleep: Callable[[float], Awaitable[object]],
        stopped: asyncio.Event,
    ) -> None:
        self._request = request
        self._entry = entry
        self._work = work
        self._sleep = sleep
        self._stopped = stopped

    async def send(self, answer: Answer) -> web.StreamResponse:
        """Send an answer, streamed where it comes in chunks."""
        self._entry.status = answer.status
        if answer.chunks is None:
            return _plain(answer)
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        for chunk in answer.chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    async def fail(self, fault: Fault) -> web.StreamResponse:
        """Let the fault happen."""
        self._entry.fault = fault.kind.value
        match fault.kind:
            case FaultKind.LATENCY:
                await self._sleep(fault.seconds)
                return await self.send(self._work())
            case FaultKind.STATUS:
                return await self.send(_message(fault.status, fault.text))
            case FaultKind.UNAUTHORIZED:
                return await self.send(_message(401, fault.text))
            case FaultKind.RATE_LIMITED | FaultKind.MAINTENANCE:
                answer = _message(429 if fault.kind is FaultKind.RATE_LIMITED else 503, fault.text)
                answer.headers = {"Retry-After": f"{fault.retry_after:g}"}
                return await self.send(answer)
            case FaultKind.HTML_BODY:
                return await self.send(
                    Answer(200, _HTML.format(fault.text).encode(), "text/html; charset=utf-8")
                )
            case _:
                return await self._lose(fault)

    async def _lose(self, fault: Fault) -> web.StreamResponse:
        """The faults in which the answer does not arrive, or not whole."""
        match fault.kind:
            case FaultKind.RESET_BEFORE:
                return self._drop()
            case FaultKind.TIMEOUT:
                if fault.after:
                    self._work()
                await self._hang()
                return self._drop()
        answer = self._work()
        body = answer.body if answer.chunks is None else b"".join(answer.chunks)
        match fault.kind:
            case FaultKind.BROKEN_BODY:
                return await self.send(Answer(200, body[: len(body) // 2] or b'{"'))
            case FaultKind.SHORT_LIST:
                return await self.send(Answer(answer.status, _halved(body)))
            case FaultKind.RESET_MIDWAY:
                return await self._cut(answer.status, body)
        return self._drop()

    async def _hang(self) -> None:
        """Silence until the client is gone or the sandbox stops."""
        while not self._stopped.is_set() and self._connected():
            try:
                await asyncio.wait_for(self._stopped.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue

    def _connected(self) -> bool:
        transport = self._request.transport
        return transport is not None and not transport.is_closing()

    def _drop(self) -> web.StreamResponse:
        self._entry.status = 0
        if self._request.transport is not None:
            self._request.transport.abort()
        return web.Response()

    async def _cut(self, status: int, body: bytes) -> web.StreamResponse:
        """Promise the whole body, send half of it, and hang up."""
        response = web.StreamResponse(status=status, headers={"Content-Type": "application/json"})
        response.content_length = len(body) + 1
        await response.prepare(self._request)
        await response.write(body[: len(body) // 2])
        self._entry.status = 0
        if self._request.transport is not None:
            self._request.transport.close()
        return response


def _plain(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers} if answer.body else answer.headers
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _message(status: int, text: str) -> Answer:
    return json_answer({"message": text, "Message": text}, status)


def _halved(body: bytes) -> bytes:
    """The first half of an array, or of the `data` of a page."""
    value = decode(body)
    if isinstance(value, list):
        return encode(value[: len(value) // 2])
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return encode(value | {"data": value["data"][: len(value["data"]) // 2]})
    return body
