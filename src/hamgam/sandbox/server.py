"""Both simulated systems on loopback ports: how a request becomes a journal entry, a fault or an answer."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self

import aiohttp
import msgspec
from aiohttp import web

from hamgam.sandbox import control
from hamgam.sandbox.crm import Crm, Sleep
from hamgam.sandbox.crm_api import CrmApi
from hamgam.sandbox.faults import Faults
from hamgam.sandbox.finance import Finance
from hamgam.sandbox.finance_api import FinanceApi
from hamgam.sandbox.journal import Entry, Journal
from hamgam.sandbox.moods import CrmMood, FinanceMood
from hamgam.sandbox.people import People
from hamgam.sandbox.responder import Responder
from hamgam.sandbox.times import Clock, utcnow
from hamgam.sandbox.wire import Answer, Call, Problem, SimulatedSystem, SystemName, decode

_HOST = "127.0.0.1"
_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A moment at which a system saw more load than `Sandbox.limits` allows it."""

    system: SystemName
    what: str
    """`parallel` or `per_second`."""
    value: float
    limit: float
    order: int
    """The journal entry that was one too many."""


class Sandbox:
    """Payamgostar and Siagh as HTTP servers on 127.0.0.1, with their state within reach.

    Use it as an async context manager. Port 0 takes a free one. `clock` tells the time of both systems (aware
    UTC), `sleep` waits for latency, `monotonic` counts requests per second, `rng` makes ids and tokens.
    """

    def __init__(
        self,
        *,
        crm_mood: CrmMood | None = None,
        finance_mood: FinanceMood | None = None,
        clock: Clock = utcnow,
        crm_port: int = 0,
        finance_port: int = 0,
        latency_seconds: float = 0.0,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        rng: Random | None = None,
        max_entries: int | None = None,
    ) -> None:
        chance = rng or Random()  # noqa: S311 - ids and tokens of a simulation
        self.crm = Crm(crm_mood or CrmMood(), clock, chance, sleep)
        self.finance = Finance(finance_mood or FinanceMood(), clock, chance)
        self.people = People(self.crm)
        self.people_rng = Random(chance.getrandbits(64))  # noqa: S311
        self.journal = Journal(clock, max_entries)
        self.faults = Faults()
        self.latency_seconds = latency_seconds
        self.limits: Mapping[str, tuple[int | None, float | None]] = {}
        """By system: how many requests may run at once, and how many may start within any one second."""
        self.violations: list[Violation] = []
        self.sleep = sleep
        self.monotonic = monotonic
        self.stopped = asyncio.Event()
        self._ports: dict[str, Port] = {
            "crm": Port(self, "crm", CrmApi(self.crm), crm_port),
            "finance": Port(self, "finance", FinanceApi(self.finance), finance_port),
        }

    @property
    def crm_url(self) -> str:
        return self._ports["crm"].url

    @property
    def finance_url(self) -> str:
        return self._ports["finance"].url

    async def __aenter__(self) -> Self:
        self.crm.http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=10)
        )
        try:
            for port in self._ports.values():
                await port.open()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopped.set()
        for port in self._ports.values():
            await port.close()
        for task in tuple(self.crm.deliveries):
            task.cancel()
        await asyncio.gather(*self.crm.deliveries, return_exceptions=True)
        if self.crm.http is not None:
            await self.crm.http.close()

    async def take_down(self, system: SystemName) -> None:
        """Stop listening: connections are refused. The state and the address stay."""
        await self._ports[system].close()

    async def bring_up(self, system: SystemName) -> None:
        """Listen again at the same address."""
        await self._ports[system].open()


class Port:
    """One listening port and the system behind it."""

    def __init__(self, box: Sandbox, name: SystemName, system: SimulatedSystem, port: int) -> None:
        self._box = box
        self._name = name
        self._system = system
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._starts: deque[float] = deque()

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self._port}"

    async def open(self) -> None:
        if self._runner is not None:
            return
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None), shutdown_timeout=_GRACE_SECONDS
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(control.PREFIX):
            return await control.handle(self._box, request)
        call = self._call(request, await request.read())
        entry = self._box.journal.begin(call)
        self._measure(entry)
        try:
            return await self._respond(request, call, entry)
        finally:
            self._box.journal.end(entry)

    def _call(self, request: web.BaseRequest, raw: bytes) -> Call:
        call = Call(system=self._name, method=request.method, path=request.path, headers=request.headers)
        with suppress(msgspec.DecodeError):
            call.body = decode(raw) if raw else None
        call.operation, call.effect = self._system.identify(call.method, call.path, call.body)
        return call

    async def _respond(self, request: web.BaseRequest, call: Call, entry: Entry) -> web.StreamResponse:
        if self._box.latency_seconds:
            await self._box.sleep(self._box.latency_seconds)
        responder = Responder(
            request, entry, work=lambda: self._answer(call), sleep=self._box.sleep, stopped=self._box.stopped
        )
        fault = self._box.faults.take(call)
        if fault is None:
            return await responder.send(self._answer(call))
        return await responder.fail(fault)

    def _answer(self, call: Call) -> Answer:
        try:
            return self._system.answer(call)
        except Problem as problem:
            return self._system.problem(problem)

    def _measure(self, entry: Entry) -> None:
        """Compare the load with the limits, over a sliding window of one second."""
        now = self._box.monotonic()
        self._starts.append(now)
        while self._starts[0] <= now - 1:
            self._starts.popleft()
        parallel, per_second = self._box.limits.get(self._name, (None, None))
        running = self._box.journal.running[self._name]
        if parallel is not None and running > parallel:
            self._violate("parallel", running, parallel, entry)
        if per_second is not None and len(self._starts) > per_second:
            self._violate("per_second", len(self._starts), per_second, entry)

    def _violate(self, what: str, value: float, limit: float, entry: Entry) -> None:
        self._box.violations.append(Violation(self._name, what, value, limit, entry.order))
