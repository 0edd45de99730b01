"""What a call means that ended badly, and in which words it is told."""

import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from hamgam.errors import NeedsOperator, Reason, TryLater
from hamgam.model import System
from hamgam.systems.outcomes import Effect, broken_answer, transport_error

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
