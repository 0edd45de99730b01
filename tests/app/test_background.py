"""What runs in the background is never gone without a word."""

import asyncio

from structlog.testing import capture_logs

from hamgam.app.background import background


async def test_work_that_a_defect_ends_is_told_and_begins_again() -> None:
    begun, slept = [], []
    third = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise KeyError("0912 111 2233")
        third.set()
        await asyncio.Event().wait()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    with capture_logs() as said:
        async with asyncio.timeout(10), background("housekeeping", work, sleep=sleep):
            await third.wait()
    assert [(line["event"], line["work"], line["error"]) for line in said] == [
        ("background.defect", "housekeeping", "KeyError")
    ] * 2
    assert {line["log_level"] for line in said} == {"error"}
    assert __file__ in said[0]["where"]
    assert "0912" not in str(said)
    assert slept == [10, 10]


async def test_work_that_is_done_does_not_begin_again() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    async with background("registration", work):
        for _ in range(5):
            await asyncio.sleep(0)
    assert len(begun) == 1


async def test_an_error_in_the_place_of_the_end_ends_it_all_the_same() -> None:
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError

    async with asyncio.timeout(10):
        async with background("worker", work, sleep=asyncio.sleep):
            await asyncio.sleep(0)
