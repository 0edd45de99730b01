"""What a call means that ended badly, and in which words it is told."""

import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from hamgam.errors import NeedsOperator, Reason, TryLater
from hamgam.model import System
from hamgam.systems.outcomes import Effect, broken_answer, transport_error
from tests.fakes import Observed
from tests.systems.raw import answer, raw_server
from tests.systems.rigs import client
from tests.trouble import NoSuchHost

KEY = ConnectionKey("crm.example.com", 443, True, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (aiohttp.InvalidURL("http://u:canary@x"), "address"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "canary")), "name"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("canary")), "certificate"),
        (aiohttp.ClientProxyConnectionError(KEY, OSError(111, "canary")), "proxy"),
        (aiohttp.ClientConnectorError(KEY, OSError(111, "canary")), "connection"),
        (aiohttp.ConnectionTimeoutError("canary"), "in time"),
        (aiohttp.ServerDisconnectedError("canary"), "broke off"),
        (ConnectionResetError("canary"), "broke off"),
        (aiohttp.ClientPayloadError("canary"), "answer"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_a_lost_connection_is_told_in_words(error: Exception, word: str) -> None:
    told = transport_error(error, Effect.READ, System.CRM).detail
    assert word in told
    assert "canary" not in told and "Error" not in told


@pytest.mark.parametrize("body", [b"<html>", b" \n<!DOCTYPE html><title>Router</title>"])
def test_a_page_that_answers_the_login_is_another_server(body: bytes) -> None:
    told = broken_answer(Effect.LOGIN, System.CRM, body=body)
    assert (type(told), told.reason, told.system) == (NeedsOperator, Reason.WRONG_ADDRESS, System.CRM)


@pytest.mark.parametrize("body", [b"", b'{"SessionId": "x', b"[1]"])
def test_a_login_that_is_cut_short_may_be_repeated(body: bytes) -> None:
    told = broken_answer(Effect.LOGIN, System.CRM, body=body)
    assert (type(told), told.reason) == (TryLater, Reason.BROKEN_ANSWER)


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
