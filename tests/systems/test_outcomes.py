"""Which failures are the system's by their nature, and that a refused login is told by its name."""

import aiohttp
import pytest

from hamgam.errors import NeedsOperator, Reason, TryLater
from hamgam.model import System
from hamgam.systems.outcomes import Effect, transport_error
from tests.fakes import Observed
from tests.systems.raw import answer, raw_server
from tests.systems.rigs import client
from tests.trouble import NoSuchHost


@pytest.mark.parametrize("effect", list(Effect))
async def test_a_host_name_that_nobody_knows_means_that_nothing_was_sent(effect: Effect) -> None:
    http_client = client("http://finance.invalid", System.FINANCE, resolver=NoSuchHost())
    with pytest.raises(TryLater) as caught:
        await http_client.call("POST", "/x", body={}, headers={}, effect=effect)
    await http_client.aclose()
    assert (caught.value.reason, caught.value.system_wide) == (Reason.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("error", "wide"),
    [
        (aiohttp.ConnectionTimeoutError(), True),
        (aiohttp.SocketTimeoutError(), False),
        (aiohttp.ServerDisconnectedError(), False),
        (ConnectionResetError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_request_may_drop_a_connection_but_not_prevent_one(error: Exception, wide: bool) -> None:
    outcome = transport_error(error, Effect.READ, System.CRM)
    assert isinstance(outcome, TryLater)
    assert outcome.system_wide is wide


async def test_a_refused_login_is_told_by_its_name() -> None:
    async with raw_server(answer(b"", "401 No")) as server:
        observer = Observed()
        http_client = client(server.url, System.FINANCE, observer=observer)
        with pytest.raises(NeedsOperator) as caught:
            await http_client.call("POST", "/login", body={}, headers={}, effect=Effect.LOGIN)
        await http_client.aclose()
    assert caught.value.reason is Reason.BAD_CREDENTIALS
    assert observer.calls == [(System.FINANCE, False, "BAD_CREDENTIALS")]
