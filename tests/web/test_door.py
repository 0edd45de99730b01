"""The webhook door under pressure: strangers have to wait, the CRM never does, and nobody holds it open."""

import asyncio
import socket
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from hamgam.app.receiving import ACCEPTED_BURST, ACCEPTED_PER_SECOND, REFUSED_BURST
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from tests.web.conftest import GUID, TOKEN, Installation, serving
from tests.web.test_receiving import BODY, signature, stored

STRANGER, CRM = ("203.0.113.9", 40_000), ("203.0.113.10", 40_000)
WRONG = signature(BODY, "another key")


class Door:
    """One web service that several addresses knock at."""

    def __init__(self, installation: Installation, db: Database) -> None:
        self.app = create_app(installation.context(db))

    async def post(self, source: tuple[str, int], headers: dict[str, str], path: str = "/webhook/crm") -> Any:
        transport = httpx2.ASGITransport(app=self.app, client=source)
        async with httpx2.AsyncClient(transport=transport, base_url="http://hamgam.example.com") as client:
            return await client.post(path, content=BODY, headers=headers)


@pytest.fixture
def door(installation: Installation, db: Database) -> Door:
    return Door(installation, db)


async def test_a_stranger_has_to_wait_and_nobody_else_does(
    door: Door, installation: Installation, db: Database
) -> None:
    answers = [(await door.post(STRANGER, WRONG)).status_code for _ in range(REFUSED_BURST + 5)]
    assert answers == [401] * REFUSED_BURST + [429] * 5
    refused = await door.post(STRANGER, signature(BODY), path=f"/webhook/crm/quote/{TOKEN}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert (await door.post(CRM, signature(BODY))).status_code == 202
    installation.seconds.now += 1
    answers = [(await door.post(STRANGER, {})).status_code for _ in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert await stored(db) == [("customer", GUID)]


async def test_what_is_wrong_in_any_way_counts(door: Door) -> None:
    for n in range(REFUSED_BURST):
        path = ("/webhook/crm/wrong", "/webhook/crm/identity?token=x", "/webhook/finance")[n % 3]
        assert (await door.post(STRANGER, {}, path)).status_code == 401
    assert (await door.post(STRANGER, {"content-length": "999999"})).status_code == 429


async def test_who_knows_the_secret_gets_the_chances_back(door: Door) -> None:
    """The CRM may have an old subscription beside the right one, or share its address with others."""
    for _ in range(4):
        for _ in range(REFUSED_BURST - 1):
            assert (await door.post(CRM, WRONG)).status_code == 401
        assert (await door.post(CRM, signature(BODY))).status_code == 202


async def test_a_bulk_edit_is_never_refused(door: Door) -> None:
    """All at one moment, by a clock that stands still."""
    answers = await asyncio.gather(*(door.post(CRM, signature(BODY)) for _ in range(300)))
    assert {answer.status_code for answer in answers} == {202}
    assert (ACCEPTED_PER_SECOND, ACCEPTED_BURST) >= (10 * 200, 5 * 800)


async def test_garbage_of_the_crm_itself_is_no_knocking(door: Door) -> None:
    body = b'{"eventType": "product.updated"}'
    transport = httpx2.ASGITransport(app=door.app, client=CRM)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hamgam.example.com") as client:
        for _ in range(2 * REFUSED_BURST):
            answer = await client.post("/webhook/crm", content=body, headers=signature(body))
            assert answer.status_code == 400
    assert (await door.post(CRM, signature(BODY))).status_code == 202


def test_behind_a_proxy_on_this_machine_the_address_that_it_adds_counts(served: str) -> None:
    """What a stranger writes into the header itself stands to the left of it and changes nothing."""
    with httpx2.Client(base_url=served) as client:

        def knock(forwarded: str, headers: dict[str, str]) -> int:
            more = {"x-forwarded-for": forwarded}
            return client.post("/webhook/crm", content=BODY, headers=headers | more).status_code

        answers = [knock(f"198.51.100.{n}, 203.0.113.9", WRONG) for n in range(2 * REFUSED_BURST)]
        assert answers[:REFUSED_BURST] == [401] * REFUSED_BURST
        assert 429 in answers
        assert knock("203.0.113.9, 203.0.113.10", signature(BODY)) == 202


HEAD = f"POST /webhook/crm/{TOKEN} HTTP/1.1\r\nHost: x\r\n".encode()


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    [
        (HEAD + b"Content-Length: 500\r\n\r\n" + BODY, {408}),
        (HEAD + b"Content-Length: 3\r\n\r\n" + BODY, {400}),
        (HEAD + b"Content-Length: -1\r\n\r\n" + BODY, {400}),
        (HEAD + b"Content-Length: 12, 13\r\n\r\n" + BODY, {400}),
        (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY, {400, 413}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), {202}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense", {400, 408}),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello", {408}),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", {400}),
        (HEAD + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n", {400, 431}),
        (HEAD + b"X-Webhook-Signature: \xff\xfe\xed\r\nContent-Length: 0\r\n\r\n", {401}),
        (b"GET /webhook/crm/identity/%ff%00%zz?id=%zz&%=% HTTP/1.1\r\nHost: x\r\n\r\n", {400, 401}),
        (b"POST /webhook/crm HTTP/9.9\r\n\r\n", {400}),
        (b"\x00\x01\x02\r\n\r\n", {400}),
    ],
    ids=range(14),
)
def test_odd_http_is_answered_and_holds_nothing_open(
    installation: Installation, database_url: str, request_bytes: bytes, statuses: set[int]
) -> None:
    installation.body_seconds = 0.5
    with serving(installation, database_url) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(request_bytes)
            answer = connection.recv(4096)
        assert int(answer.split(b" ", 2)[1]) in statuses, answer
        assert httpx2.get(f"{address}/health").status_code == 200


async def test_whatever_is_accepted_is_stored(door: Door, db: Database) -> None:
    answers = await asyncio.gather(*(door.post(CRM, signature(BODY)) for _ in range(300)))
    accepted = sum(answer.status_code == 202 for answer in answers)
    assert len(await stored(db)) == accepted == 300
    jobs = await db.execute(text("SELECT count(*) FROM procrastinate_jobs"))
    assert jobs.scalar_one() == 1
