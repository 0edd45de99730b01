"""The question that the circuit breaker asks: when it says that a system is down, and what it costs."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from hamgam.errors import NeedsOperator, Reason, TryLater
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.systems.limits import LocalLimiter
from tests.systems.rigs import (
    SandboxCrmRig,
    SandboxFinanceRig,
    crm_connector,
    finance_connector,
    sandbox_crm,
    sandbox_finance,
)

DOWN = {
    FaultKind.STATUS: Reason.SERVER_ERROR,
    FaultKind.RESET_BEFORE: Reason.UNREACHABLE,
    FaultKind.TIMEOUT: Reason.TIMEOUT,
    FaultKind.HTML_BODY: Reason.BROKEN_ANSWER,
    FaultKind.RATE_LIMITED: Reason.RATE_LIMITED,
    FaultKind.MAINTENANCE: Reason.SERVER_ERROR,
}

Rig = SandboxCrmRig | SandboxFinanceRig


@dataclass(frozen=True)
class Side:
    name: str
    open: Callable[..., AbstractAsyncContextManager[Any]]
    connector: Callable[..., Any]


SIDES = [Side("crm", sandbox_crm, crm_connector), Side("finance", sandbox_finance, finance_connector)]


@pytest.fixture(params=SIDES, ids=lambda side: side.name)
def side(request: pytest.FixtureRequest) -> Side:
    return request.param


@pytest.fixture
async def rig(side: Side) -> AsyncIterator[Rig]:
    async with side.open(timeout_seconds=1.0) as opened:
        yield opened


@pytest.mark.parametrize("kind", DOWN)
async def test_a_system_in_trouble_is_not_alive_and_then_it_is(rig: Rig, side: Side, kind: FaultKind) -> None:
    rig.box.faults.add(Fault(kind, system=side.name, effect="read"))
    with pytest.raises(TryLater) as caught:
        await rig.connector.alive()
    assert caught.value.reason is DOWN[kind]
    await rig.connector.alive()


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.MAINTENANCE])
async def test_its_wish_is_passed_on(rig: Rig, side: Side, kind: FaultKind) -> None:
    rig.box.faults.add(Fault(kind, system=side.name, effect="read", retry_after=17))
    with pytest.raises(TryLater) as caught:
        await rig.connector.alive()
    assert (caught.value.retry_after_seconds, caught.value.system_wide) == (17, True)


async def test_a_closed_port_is_system_wide(rig: Rig, side: Side) -> None:
    await rig.box.take_down(side.name)
    with pytest.raises(TryLater) as caught:
        await rig.connector.alive()
    assert (caught.value.reason, caught.value.system_wide) == (Reason.UNREACHABLE, True)
    await rig.box.bring_up(side.name)
    await rig.connector.alive()


async def test_a_refused_login_is_an_answer(rig: Rig, side: Side) -> None:
    stranger = side.connector(rig.box, rig.clock, rig.store, password="00")
    for _ in range(3):
        with pytest.raises(NeedsOperator) as caught:
            await stranger.alive()
        assert caught.value.reason is Reason.BAD_CREDENTIALS
    await stranger.aclose()
    assert len(rig.box.journal.calls(side.name)) == 1, "and it is not asked again and again"


async def test_it_costs_one_call_and_one_login_when_the_session_has_ended(rig: Rig, side: Side) -> None:
    await rig.connector.alive()
    rig.box.journal.clear()
    await rig.connector.alive()
    assert [entry.effect for entry in rig.box.journal.calls(side.name)] == ["read"]
    rig.box.journal.clear()
    rig.box.crm.expire_sessions()
    rig.box.finance.expire_sessions()
    await rig.connector.alive()
    assert [entry.effect for entry in rig.box.journal.calls(side.name)] == ["read", "login", "read"]


async def test_it_keeps_no_slot_and_does_not_wait_for_the_whole_list() -> None:
    mood = FinanceMood(filters="none")
    async with sandbox_finance(mood, limiter=LocalLimiter(1, 0)) as rig:
        for _ in range(3000):
            rig.add(name="نگار")
        await rig.connector.alive()
        await rig.connector.alive()
        assert len([each async for each in rig.connector.customers()]) == 3000
