"""`hamgam demo`, as somebody meets it who tries the product."""

import asyncio
import re
import signal
from pathlib import Path

import httpx2
import pytest

from tests.e2e.conftest import Program, free_port

ENDS = (
    "FAILED DUPLICATE_PHONE",
    "CONFLICT AMBIGUOUS_MATCH",
    "CREATE IN_DOUBT ANSWER_LOST",
    "SKIPPED CHECKSUM_MATCH",
)
WAIT = 90
"""Seconds."""


@pytest.mark.parametrize("customers", [20, 0])
async def test_something_of_each_kind_goes_wrong_and_is_there_to_be_settled(
    folder: Path, customers: int
) -> None:
    program = Program(folder, {"TMPDIR": str(folder)})
    port, expected = free_port(), ENDS if customers else ENDS[:3]
    process = await program.start("demo", "--port", str(port), "--customers", str(customers))
    assert process.stdout is not None
    told = ""
    try:
        async with asyncio.timeout(WAIT):
            while not all(end in told for end in expected):
                line = (await process.stdout.readline()).decode()
                assert line, told
                told += line
        address = f"http://127.0.0.1:{port}/"
        assert address in told and f"{address}attention" in told
        async with httpx2.AsyncClient() as client:
            waiting = (await client.get(f"{address}api/v1/attention")).json()
            for sandbox in re.findall(r"(http://\S+) \((?:CRM|finance)\)", told):
                assert (await client.get(f"{sandbox}/_sandbox/state")).status_code == 200
        reasons = sorted(row["reason"] for row in waiting["items"])
        assert reasons == ["AMBIGUOUS_MATCH", "ANSWER_LOST", "DUPLICATE_PHONE"]
    finally:
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(WAIT):
            await process.communicate()
