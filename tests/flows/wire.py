"""The real connectors over the simulated systems without a socket: what `HttpClient` does, minus aiohttp.

Everything above the transport is the engine's own: wire formats, sessions, and what an outcome means.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp

from hamgam.model import System
from hamgam.sandbox import Fault, FaultKind, Sandbox
from hamgam.sandbox.crm_api import CrmApi
from hamgam.sandbox.finance_api import FinanceApi
from hamgam.sandbox.wire import Answer, Call, Problem, SimulatedSystem, decode, encode, json_answer
from hamgam.systems.http import HttpClient, Reply, Stream
from hamgam.systems.lease import Lease
from hamgam.systems.outcomes import Effect, check_status, transport_error
from tests.fakes import Observed, Unlimited
from tests.flows.mortal import Life

LOST = {FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.TIMEOUT}


class InProcess(HttpClient):
    """Calls of one process (`life`) to one system of a sandbox that listens nowhere."""

    def __init__(self, box: Sandbox, system: System, life: Life) -> None:
        super().__init__(
            "http://nowhere", system, timeout_seconds=1, limiter=Unlimited(), observer=Observed()
        )
        self._box = box
        self._life = life
        self._api: SimulatedSystem = CrmApi(box.crm) if system is System.CRM else FinanceApi(box.finance)

    async def _exchange(
        self,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
        lease: Lease | None,
    ) -> Reply:
        answer = await self._ask(method, path, body, headers, effect)
        content = _content(answer)
        check_status(answer.status, answer.headers, content, effect, self.system)
        return Reply(answer.status, content, answer.headers, effect, self.system)

    async def _open_stream(
        self,
        stack: AsyncExitStack,
        method: str,
        path: str,
        body: object | None,
        headers: Mapping[str, str],
        effect: Effect,
    ) -> Stream:
        answer = await self._ask(method, path, body, headers, effect)
        check_status(answer.status, answer.headers, _content(answer), effect, self.system)
        return Stream(_response(answer), effect, self.system, self._observer)

    async def _ask(
        self, method: str, path: str, body: object | None, headers: Mapping[str, str], effect: Effect
    ) -> Answer:
        sent = None if body is None else decode(self._encoded(body))
        typed = {**headers, "Content-Type": "application/json"}
        call = Call(system=self.system.value, method=method, path=path, headers=typed, body=sent)
        call.operation, call.effect = self._api.identify(method, path, sent)
        async with self._life.one_at_a_time:
            self._life.check()
            if effect is Effect.WRITE:
                await self._life.step(f"before {call.operation}")
            answer = self._journaled(call, effect)
            await self._life.step(f"after {call.operation}")
        return answer

    def _journaled(self, call: Call, effect: Effect) -> Answer:
        fault = self._box.faults.take(call)
        entry = self._box.journal.begin(call)
        entry.fault = fault.kind if fault else None
        try:
            answer = self._answered(call, fault)
        except (aiohttp.ClientError, TimeoutError) as error:
            entry.status = 0
            raise transport_error(error, effect, self.system) from error
        else:
            entry.status = answer.status
            return answer
        finally:
            self._box.journal.end(entry)

    def _answered(self, call: Call, fault: Fault | None) -> Answer:
        """The answer, or the error of a connection that broke; `after` says that the work was done."""
        if fault is None:
            return self._work(call)
        if fault.kind is FaultKind.LATENCY:
            raise aiohttp.ConnectionTimeoutError
        if fault.after or fault.kind in (FaultKind.RESET_AFTER, FaultKind.BROKEN_BODY):
            answer = self._work(call)
        if fault.kind in LOST:
            raise TimeoutError if fault.kind is FaultKind.TIMEOUT else aiohttp.ServerDisconnectedError
        if fault.kind is FaultKind.BROKEN_BODY:
            return Answer(200, _content(answer)[:-1])
        return _failure(fault)

    def _work(self, call: Call) -> Answer:
        try:
            answer = self._api.answer(call)
        except Problem as problem:
            return self._api.problem(problem)
        return Answer(answer.status, _content(answer))


def _failure(fault: Fault) -> Answer:
    match fault.kind:
        case FaultKind.HTML_BODY:
            return Answer(200, b"<html></html>")
        case FaultKind.UNAUTHORIZED:
            return json_answer({"Message": "401"}, 401)
        case FaultKind.RATE_LIMITED:
            return Answer(429, b"", headers={"Retry-After": f"{fault.retry_after:g}"})
        case _:
            return Answer(fault.status, encode({"Message": "-"}))


def _content(answer: Answer) -> bytes:
    return answer.body if answer.chunks is None else b"".join(answer.chunks)


@dataclass(slots=True)
class _Body:
    content: bytes

    async def readany(self) -> bytes:
        """All of it, and b"" from then on."""
        content, self.content = self.content, b""
        return content


def _response(answer: Answer) -> Any:
    body = _Body(_content(answer))
    return SimpleNamespace(status=answer.status, headers=answer.headers, content=body)
