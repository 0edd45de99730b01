"""What a call through the wrapper means, with a real server that fails in every way."""

import asyncio
from decimal import Decimal
from email.utils import format_datetime

import aiohttp
import msgspec
import pytest

from hamgam.errors import InDoubt, NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems import http
from hamgam.systems.http import HttpClient, Reply
from hamgam.systems.limits import LocalLimiter
from hamgam.systems.outcomes import Effect, retry_after_seconds, transport_error
from tests.fakes import START, Observed, Unlimited
from tests.systems.raw import (
    Behaviour,
    RawServer,
    answer,
    bytes_then_close,
    bytes_then_silence,
    raw_server,
    reset,
    silence,
)

SHORT = 0.25  # a timeout that a test has to sit out

numbers = msgspec.json.Decoder(dict[str, Decimal])


def client(server: RawServer | str, **options: object) -> HttpClient:
    url = server if isinstance(server, str) else server.url
    defaults = {"timeout_seconds": 5.0, "limiter": Unlimited(), "observer": Observed()}
    return HttpClient(url, System.FINANCE, **(defaults | options))


async def outcome(
    behaviour: Behaviour, effect: Effect, *, method: str = "POST", timeout_seconds: float = 5.0
) -> Reply | SyncError:
    async with raw_server(behaviour) as server:
        http_client = client(server, timeout_seconds=timeout_seconds)
        try:
            return await http_client.call(method, "/x", body={"a": 1}, headers={}, effect=effect)
        except SyncError as error:
            return error
        finally:
            await http_client.aclose()


CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2"
CHUNKED_CUT = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1, 2\r\n"
NOT_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n"


@pytest.mark.parametrize(
    ("behaviour", "read_reason"),
    [
        (reset(), Reason.UNREACHABLE),
        (bytes_then_close(b""), Reason.UNREACHABLE),
        (bytes_then_close(CUT), Reason.BROKEN_ANSWER),
        (bytes_then_close(CHUNKED_CUT), Reason.BROKEN_ANSWER),
        (bytes_then_close(NOT_HTTP), Reason.BROKEN_ANSWER),
    ],
    ids=["reset", "closed", "cut", "chunked cut", "not http"],
)
async def test_a_lost_answer_is_a_doubt_for_a_write_and_nothing_for_a_read(
    behaviour: Behaviour, read_reason: Reason
) -> None:
    write = await outcome(behaviour, Effect.WRITE)
    assert isinstance(write, InDoubt)
    assert write.reason is Reason.ANSWER_LOST
    for effect in (Effect.READ, Effect.LOGIN):
        read = await outcome(behaviour, effect)
        assert isinstance(read, TryLater)
        assert read.reason is read_reason
        assert read.system is System.FINANCE


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1"])
async def test_silence_ends_after_the_total_time(sent: bytes) -> None:
    forever = asyncio.Event()
    behaviour = bytes_then_silence(sent, forever)
    write = await outcome(behaviour, Effect.WRITE, timeout_seconds=SHORT)
    read = await outcome(behaviour, Effect.READ, timeout_seconds=SHORT)
    forever.set()
    assert (type(write), write.reason) == (InDoubt, Reason.ANSWER_LOST)
    assert (type(read), read.reason) == (TryLater, Reason.TIMEOUT)


async def test_a_dripping_answer_ends_after_the_total_time() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(SHORT / 10)

    read = await outcome(drip, Effect.READ, timeout_seconds=SHORT)
    assert (type(read), read.reason) == (TryLater, Reason.TIMEOUT)


@pytest.mark.parametrize("effect", list(Effect))
async def test_a_refused_connection_means_that_nothing_was_sent(effect: Effect) -> None:
    async with raw_server(answer()) as server:
        port = server.port
    http_client = client(f"http://127.0.0.1:{port}")
    with pytest.raises(TryLater) as caught:
        await http_client.call("POST", "/x", body={}, headers={}, effect=effect)
    await http_client.aclose()
    assert (caught.value.reason, caught.value.system_wide) == (Reason.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("error", "write", "read"),
    [
        (aiohttp.ConnectionTimeoutError(), TryLater, Reason.UNREACHABLE),
        (aiohttp.SocketTimeoutError(), InDoubt, Reason.TIMEOUT),
        (TimeoutError(), InDoubt, Reason.TIMEOUT),
        (aiohttp.ServerDisconnectedError(), InDoubt, Reason.UNREACHABLE),
        (aiohttp.ClientOSError(), InDoubt, Reason.UNREACHABLE),
        (ConnectionResetError(), InDoubt, Reason.UNREACHABLE),
        (aiohttp.ClientPayloadError(), InDoubt, Reason.BROKEN_ANSWER),
        (aiohttp.InvalidURL("x"), NeedsOperator, Reason.WRONG_ADDRESS),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_of_the_transport(error: Exception, write: type[SyncError], read: Reason) -> None:
    assert type(transport_error(error, Effect.WRITE, System.CRM)) is write
    assert transport_error(error, Effect.READ, System.CRM).reason is read
    assert transport_error(error, Effect.LOGIN, System.CRM).reason is read


@pytest.mark.parametrize(
    ("status", "write", "reason"),
    [
        ("301 Moved", NeedsOperator, Reason.WRONG_ADDRESS),
        ("302 Found", NeedsOperator, Reason.WRONG_ADDRESS),
        ("421 Misdirected", NeedsOperator, Reason.WRONG_ADDRESS),
        ("402 Payment Required", NeedsOperator, Reason.NOT_LICENSED),
        ("403 Forbidden", Refused, Reason.BAD_REQUEST),
        ("400 Bad Request", Refused, Reason.BAD_REQUEST),
        ("422 Unprocessable", Refused, Reason.BAD_REQUEST),
        ("408 Timeout", TryLater, Reason.TIMEOUT),
        ("429 Slow down", TryLater, Reason.RATE_LIMITED),
        ("503 Busy", TryLater, Reason.SERVER_ERROR),
        ("500 Oops", InDoubt, Reason.SERVER_ERROR),
        ("502 Bad Gateway", InDoubt, Reason.SERVER_ERROR),
        ("504 Gateway Timeout", InDoubt, Reason.SERVER_ERROR),
    ],
)
async def test_statuses(status: str, write: type[SyncError], reason: Reason) -> None:
    got = await outcome(answer(b"{}", status, "Location: https://example.com/"), Effect.WRITE)
    assert (type(got), got.reason) == (write, reason)
    got = await outcome(answer(b"{}", status, "Location: https://example.com/"), Effect.READ)
    assert (type(got), got.reason) == (TryLater if write is InDoubt else write, reason)
    if isinstance(got, TryLater):
        assert got.system_wide is status.startswith(("429", "503"))


async def test_a_forbidden_login_is_a_locked_account() -> None:
    """Elsewhere it is about one record, and must not stop all others."""
    got = await outcome(answer(b"{}", "403 Forbidden"), Effect.LOGIN)
    assert (type(got), got.reason) == (NeedsOperator, Reason.LOCKED_OUT)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 None", "401 No", "404 None", "405 No"])
async def test_statuses_that_only_the_caller_understands(status: str) -> None:
    got = await outcome(answer(b"", status), Effect.WRITE)
    assert isinstance(got, Reply)
    assert got.status == int(status.split()[0])
    assert got.found is (got.status not in {404, 405})


async def test_a_refusal_carries_the_remote_text_but_no_page_of_html() -> None:
    told = await outcome(answer('{"message": "شماره تکراری است"}'.encode(), "400 Bad"), Effect.WRITE)
    page = await outcome(answer(b"\n<html><b>Bad</b></html>", "400 Bad"), Effect.WRITE)
    long = await outcome(answer(b"x" * 5000, "400 Bad"), Effect.WRITE)
    assert "شماره تکراری است" in told.detail
    assert page.detail == ""
    assert len(long.detail) == 300


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (format_datetime(START.replace(minute=2), usegmt=True), 120.0),
        (format_datetime(START.replace(year=2025), usegmt=True), 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after(value: str, seconds: float | None) -> None:
    date = format_datetime(START, usegmt=True)
    headers = (f"Retry-After: {value}", f"Date: {date}")
    got = await outcome(answer(b"", "503 Busy", *headers), Effect.WRITE)
    assert isinstance(got, TryLater)
    assert got.retry_after_seconds == seconds
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b"[1]", b'{"a": "\xff"}', b'{"a": [1]}'])
async def test_an_unreadable_body_is_a_doubt_for_a_write(body: bytes) -> None:
    login = NeedsOperator if body == b"<html>" else TryLater
    for effect, branch in ((Effect.WRITE, InDoubt), (Effect.READ, TryLater), (Effect.LOGIN, login)):
        reply = await outcome(answer(body), effect)
        assert isinstance(reply, Reply)
        with pytest.raises(branch) as caught:
            reply.decode(numbers)
        page_at_login = branch is NeedsOperator
        assert caught.value.reason is (Reason.WRONG_ADDRESS if page_at_login else Reason.BROKEN_ANSWER)


async def test_amounts_keep_every_digit_both_ways() -> None:
    async with raw_server(answer(b'\xef\xbb\xbf{"a": 123456789012345678.905}')) as server:
        http_client = client(server)
        body = {"price": Decimal("123456789012345678.9050"), "name": "نام"}
        reply = await http_client.call("POST", "/x", body=body, headers={}, effect=Effect.READ)
        await http_client.aclose()
    assert reply.decode(numbers) == {"a": Decimal("123456789012345678.905")}
    assert b'"price":123456789012345678.9050' in server.requests[0]
    assert "نام".encode() in server.requests[0]


async def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    size = http.MAX_BODY_BYTES * 4
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
    written = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(head)
        while written < size:
            writer.write(b"x" * 262144)
            await writer.drain()
            written += 262144

    write = await outcome(flood, Effect.WRITE)
    assert (type(write), write.reason) == (InDoubt, Reason.BROKEN_ANSWER)
    assert written < size


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_nothing_is_sent_twice_when_a_kept_connection_drops(method: str) -> None:
    async with raw_server(answer(), bytes_then_close(b""), answer()) as server:
        http_client = client(server)
        await http_client.call("GET", "/first", body=None, headers={}, effect=Effect.READ)
        with pytest.raises(InDoubt):
            await http_client.call(method, "/second", body={"n": 1}, headers={}, effect=Effect.WRITE)
        await http_client.aclose()
    assert server.connections == 1, "the second call must have used the kept connection"
    assert len(server.requests) == 2


async def test_a_version_of_aiohttp_without_the_switch_is_refused() -> None:
    class Other:
        pass

    with pytest.raises(RuntimeError):
        http.never_resend(Other())  # type: ignore[arg-type]


async def test_a_dry_run_sends_no_write() -> None:
    async with raw_server(answer()) as server:
        observer = Observed()
        http_client = client(server, read_only=True, observer=observer)
        for method in ("POST", "PUT", "DELETE", "GET"):
            with pytest.raises(Refused) as caught:
                await http_client.call(method, "/x", body={}, headers={}, effect=Effect.WRITE)
            assert caught.value.reason is Reason.DRY_RUN
        with pytest.raises(Refused):
            async with http_client.stream("POST", "/x", body={}, headers={}, effect=Effect.WRITE):
                pass
        assert server.requests == []
        assert observer.calls == []
        await http_client.call("POST", "/x", body={}, headers={}, effect=Effect.LOGIN)
        await http_client.call("POST", "/x", body={}, headers={}, effect=Effect.READ)
        await http_client.aclose()
    assert len(server.requests) == 2


async def test_every_call_is_told_to_the_observer_and_takes_a_slot() -> None:
    async with raw_server(answer(), answer(b"", "401 No"), reset()) as server:
        observer, limiter = Observed(), Unlimited()
        http_client = client(server, observer=observer, limiter=limiter)
        for _ in range(2):
            await http_client.call("GET", "/x", body=None, headers={}, effect=Effect.READ)
        with pytest.raises(TryLater):
            await http_client.call("GET", "/x", body=None, headers={}, effect=Effect.READ)
        await http_client.aclose()
    assert observer.calls == [
        (System.FINANCE, True, ""),
        (System.FINANCE, False, "SESSION_LOST"),
        (System.FINANCE, False, "UNREACHABLE"),
    ]
    assert limiter.taken == 0


async def test_a_cancelled_call_gives_back_its_slot_and_its_connection() -> None:
    forever = asyncio.Event()
    async with raw_server(silence(forever), answer()) as server:
        limiter = LocalLimiter(1, 0)
        http_client = client(server, limiter=limiter, max_connections=1)
        call = asyncio.create_task(http_client.call("POST", "/x", body={}, headers={}, effect=Effect.WRITE))
        while not server.requests:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        reply = await http_client.call("POST", "/x", body={}, headers={}, effect=Effect.WRITE)
        await http_client.aclose()
        forever.set()
    assert reply.status == 200
    assert server.connections == 2, "the connection of a cancelled call must not be used again"


async def test_text_that_no_utf8_can_hold_is_refused_before_it_is_sent() -> None:
    async with raw_server(answer()) as server:
        http_client = client(server)
        with pytest.raises(Refused) as caught:
            await http_client.call("POST", "/x", body={"a": "\ud800"}, headers={}, effect=Effect.WRITE)
        await http_client.aclose()
    assert caught.value.reason is Reason.UNUSABLE_RECORD
    assert server.requests == []
