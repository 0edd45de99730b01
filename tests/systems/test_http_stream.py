"""A streamed answer through the wrapper, and how long a call is said to wait."""

import asyncio

import pytest

from hamgam.errors import Reason, TryLater
from hamgam.systems.outcomes import Effect
from tests.fakes import Observed, Unlimited
from tests.systems.raw import (
    answer,
    bytes_then_close,
    bytes_then_silence,
    raw_server,
)
from tests.systems.test_http_client import CUT, client


async def test_a_stream_is_read_in_pieces_and_may_be_left_early() -> None:
    body = b"x" * 1_000_000
    async with raw_server(answer(body), answer(body), answer(b"", "401 No"), answer()) as server:
        http_client = client(server, max_connections=1)
        async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ) as stream:
            assert sum([len(chunk) async for chunk in stream.chunks()]) == len(body)
        async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ) as stream:
            chunks = stream.chunks()
            assert await anext(chunks)
            await chunks.aclose()
        async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ) as stream:
            assert stream.status == 401
        reply = await http_client.call("GET", "/x", body=None, headers={}, effect=Effect.READ)
        await http_client.aclose()
    assert reply.status == 200


async def test_a_stream_that_breaks_off_says_so() -> None:
    async with raw_server(bytes_then_close(CUT), answer(b"busy", "503 Busy", "Retry-After: 7")) as server:
        observer = Observed()
        http_client = client(server, observer=observer)
        with pytest.raises(TryLater) as caught:
            async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ) as stream:
                assert [chunk async for chunk in stream.chunks()]
        assert caught.value.reason is Reason.BROKEN_ANSWER
        with pytest.raises(TryLater) as caught:
            async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ):
                pass
        assert caught.value.retry_after_seconds == 7
        await http_client.aclose()
    assert [reason for _, _, reason in observer.calls] == ["BROKEN_ANSWER", "SERVER_ERROR"]


async def test_a_call_waits_until_its_answer_is_whole_or_nobody_wants_it() -> None:
    observer = Observed()
    async with raw_server(bytes_then_silence(CUT, asyncio.Event())) as server:
        http_client = client(server, observer=observer)
        call = http_client.call("GET", "/x", body=None, headers={}, effect=Effect.READ)
        asked = asyncio.create_task(call)
        while not server.requests:
            await asyncio.sleep(0.01)
        assert observer.waits == 1
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await http_client.aclose()
    assert observer.waits == 0


async def test_a_stream_waits_only_while_its_reader_does() -> None:
    observer = Observed()
    async with raw_server(bytes_then_silence(CUT, asyncio.Event())) as server:
        http_client = client(server, observer=observer)
        async with http_client.stream("GET", "/x", body=None, headers={}, effect=Effect.READ) as stream:
            chunks = stream.chunks()
            assert await anext(chunks)
            assert observer.waits == 0
            more = asyncio.ensure_future(anext(chunks))
            await asyncio.sleep(0)
            assert observer.waits == 1
            more.cancel()
            with pytest.raises(asyncio.CancelledError):
                await more
        await http_client.aclose()
    assert observer.waits == 0


@pytest.mark.parametrize(("hold_slot", "taken"), [(True, 1), (False, 0)])
async def test_a_stream_keeps_its_slot_unless_the_caller_makes_other_calls(
    hold_slot: bool, taken: int
) -> None:
    async with raw_server(answer(b"[]")) as server:
        limiter = Unlimited()
        http_client = client(server, limiter=limiter)
        async with http_client.stream(
            "GET", "/x", body=None, headers={}, effect=Effect.READ, hold_slot=hold_slot
        ):
            assert limiter.taken == taken
        await http_client.aclose()
    assert limiter.taken == 0
