"""The webhook addresses over HTTP: who is let in, what is stored, and what every kind of garbage gets."""

import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import structlog.testing
from sqlalchemy import text

from hamgam.db.engine import Database
from tests.web.conftest import GUID, SECRET, TOKEN, Installation, asking

BODY = json.dumps({"eventType": "customer.updated", "data": {"id": GUID}}).encode()
QUERY = {"event": "Update", "id": GUID, "type": "Identity", "subtype": "شخص حقیقی"}


def signature(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Webhook-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def stored(db: Database) -> list[tuple[str, str]]:
    rows = await db.execute(text('SELECT entity, "crmId" FROM "WebhookDelivery" ORDER BY "receivedAt"'))
    return [tuple(row) for row in rows]


async def waiting(db: Database) -> set[str]:
    return set((await db.execute(text("SELECT lock FROM procrastinate_jobs"))).scalars())


async def test_a_signed_delivery_is_durable_once_it_is_accepted(
    client: httpx2.AsyncClient, db: Database
) -> None:
    answer = await client.post("/webhook/crm", content=BODY, headers=signature(BODY))
    assert answer.status_code == 202
    assert await stored(db) == [("customer", GUID)]
    assert await waiting(db) == {f"customer:{GUID}"}


@pytest.mark.parametrize(
    ("path", "entity"),
    [("identity", "customer"), ("invoice", "invoice"), ("quote", "quote")],
    ids=["identity", "invoice", "quote"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_query_shape_with_its_token(
    client: httpx2.AsyncClient, db: Database, path: str, entity: str, method: str
) -> None:
    params = {"event": "1", "id": GUID.upper()}
    by_query = await client.request(method, f"/webhook/crm/{path}", params=params | {"token": TOKEN})
    by_path = await client.request(method, f"/webhook/crm/{path}/{TOKEN}", params=params)
    assert (by_query.status_code, by_path.status_code) == (202, 202)
    assert await stored(db) == [(entity, GUID)] * 2
    assert TOKEN not in str((await db.execute(text('SELECT payload FROM "WebhookDelivery"'))).all())


async def test_json_is_understood_at_the_query_addresses_too(
    client: httpx2.AsyncClient, db: Database
) -> None:
    body = json.dumps({"entityId": GUID}).encode()
    assert (await client.post(f"/webhook/crm/quote/{TOKEN}", content=body)).status_code == 202
    assert await stored(db) == [("quote", GUID)]


async def test_a_token_serves_where_nothing_is_signed(client: httpx2.AsyncClient, db: Database) -> None:
    assert (await client.post("/webhook/crm", content=BODY, params={"token": TOKEN})).status_code == 202
    assert (await client.post(f"/webhook/crm/{TOKEN}", content=BODY)).status_code == 202
    assert len(await stored(db)) == 2


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/webhook/crm", {}),
        ("/webhook/crm?token=wrong", {}),
        ("/webhook/crm?token=", {}),
        ("/webhook/crm/wrong", {}),
        ("/webhook/crm", signature(BODY, "another key")),
        (f"/webhook/crm?token={TOKEN}", {"X-Webhook-Signature": ""}),
        (f"/webhook/crm?token={TOKEN}", signature(BODY + b" ")),
        (f"/webhook/crm/identity/{TOKEN}x", {}),
        ("/webhook/finance", {}),
    ],
    ids=range(9),
)
async def test_a_stranger_is_refused_and_leaves_no_trace(
    client: httpx2.AsyncClient, db: Database, path: str, headers: dict[str, str]
) -> None:
    answer = await client.post(path, content=BODY, headers=headers)
    assert answer.status_code == 401
    assert "\n" not in answer.text
    assert await stored(db) == []


@pytest.mark.parametrize("missing", ["webhook_secret", "webhook_token"])
async def test_one_secret_is_enough_and_a_missing_one_opens_nothing(
    installation: Installation, db: Database, missing: str
) -> None:
    del installation.settings[missing]
    async with asking(installation, db) as client:
        by_token = await client.get(f"/webhook/crm/identity?token={TOKEN}", params=None)
        signed = await client.post("/webhook/crm", content=BODY, headers=signature(BODY))
        empty = await client.get("/webhook/crm/identity", params={"token": ""})
        right = {"webhook_secret": (400, 401, 401), "webhook_token": (401, 202, 401)}
        assert (by_token.status_code, signed.status_code, empty.status_code) == right[missing]


async def test_webhooks_that_are_off_say_so(installation: Installation, db: Database) -> None:
    installation.settings["enable_webhooks"] = False
    async with asking(installation, db) as client:
        for path in (
            "/webhook/crm",
            "/webhook/crm/identity",
            f"/webhook/crm/quote/{TOKEN}",
            "/webhook/finance",
        ):
            answer = await client.post(path, content=BODY, headers=signature(BODY))
            assert (answer.status_code, "ENABLE_WEBHOOKS" in answer.json()["detail"]) == (404, True)


async def test_a_body_that_names_no_entity_is_told_why_in_one_line(client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"/webhook/crm/{TOKEN}", content=b'{"eventType": "customer.updated"}')
    assert answer.status_code == 400
    assert "entityId" in answer.json()["detail"]
    assert "\n" not in answer.text


async def test_what_is_too_large_is_refused_by_its_announced_length(client: httpx2.AsyncClient) -> None:
    big = b"x" * (256 * 1024 + 1)
    assert (await client.post("/webhook/crm", content=big, headers=signature(big))).status_code == 413
    fits = BODY + b" " * (256 * 1024 - len(BODY))
    assert (await client.post("/webhook/crm", content=fits, headers=signature(fits))).status_code == 202


async def test_what_is_too_large_is_refused_while_it_is_read(client: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 10_000

    answer = await client.post("/webhook/crm", content=endless())
    assert answer.status_code == 413


def test_a_real_server_stops_reading_what_is_too_large(served: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    with httpx2.Client() as client:
        with contextlib.suppress(httpx2.TransportError):  # it may hang up while we still send
            assert client.post(f"{served}/webhook/crm", content=chunks()).status_code == 413
        assert client.get(f"{served}/health").status_code == 200


GARBAGE = [
    b"",
    b"\x00",
    b"\xff\xfe\xfd",
    b"null",
    b"[" * 200_000,
    b'{"a":' * 40_000 + b"1" + b"}" * 40_000,
    b"[" + b"1," * 100_000 + b"1]",
    b'{"eventType": "customer.updated", "data": {"id": 1e999999}}',
    b'{"eventType": "\\ud800", "data": {"id": "' + GUID.encode() + b'"}}',
    b"9" * 100_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
@pytest.mark.parametrize("path", ["/webhook/crm", "/webhook/crm/identity", "/webhook/crm/quote"])
async def test_garbage_is_the_senders_fault(client: httpx2.AsyncClient, path: str, body: bytes) -> None:
    assert (await client.post(path, content=body, headers=signature(body))).status_code == 400


@pytest.mark.parametrize(
    "query",
    ["id=%00&type=%00", "id=%ff%fe", f"id={GUID}&id=x", "&&&=", f"id={GUID}&type=%F0%9F%92%A9", "id[]=1"],
)
async def test_odd_queries_are_the_senders_fault(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/webhook/crm/identity/{TOKEN}?{query}")).status_code == 400


async def test_odd_parts_of_a_good_delivery_are_stored(client: httpx2.AsyncClient, db: Database) -> None:
    body = (
        b'{"entityType":"quote","entityId":"%s","a":"\\u0000","\\u0000":[1e400,%s],"d":%s1%s,"a":[null]}'
        % (GUID.encode(), b"9" * 4000, b"[" * 60, b"]" * 60)
    )
    assert (await client.post("/webhook/crm", content=body, headers=signature(body))).status_code == 202
    odd = f"id={GUID}&type=quote&event=%00&%00=%ff%fe"
    assert (await client.get(f"/webhook/crm/quote/{TOKEN}?{odd}")).status_code == 202
    assert await stored(db) == [("quote", GUID)] * 2


async def test_the_sender_knows_when_a_delivery_was_not_stored(installation: Installation) -> None:
    nowhere = Database("postgresql://someone:hidden-word@127.0.0.1:1/books")
    async with asking(installation, nowhere) as client:
        with structlog.testing.capture_logs() as logs:
            crm = await client.post("/webhook/crm", content=BODY, headers=signature(BODY))
            finance = await client.post(f"/webhook/finance/{TOKEN}", content=b'{"id": "1"}')
    await nowhere.aclose()
    assert (crm.status_code, finance.status_code) == (503, 503)
    assert crm.headers["retry-after"]
    assert "hidden-word" not in crm.text + str(logs)
    assert GUID not in str(logs)


async def test_a_database_that_cannot_be_written_is_told_too(
    client: httpx2.AsyncClient, db: Database
) -> None:
    await db.execute(text('ALTER TABLE "WebhookDelivery" RENAME TO "Gone"'))
    answer = await client.post("/webhook/crm", content=BODY, headers=signature(BODY))
    assert answer.status_code == 503
    assert await waiting(db) == set()


async def test_finance_is_heard_and_not_followed(client: httpx2.AsyncClient, db: Database) -> None:
    for body, status in ((b'{"id": "234"}', 202), (b"{}", 400), (b"\xff", 400), (b"", 400)):
        answer = await client.post("/webhook/finance", content=body, headers=signature(body))
        assert answer.status_code == status
    row: Any = (await db.execute(text('SELECT * FROM "SyncLog"'))).one()
    assert (row.status, row.reason, row.direction) == ("SKIPPED", "CRM_PRIORITY", "FINANCE_TO_CRM")
    assert (row.entityType, row.sourceEntity, row.sourceEntityId) == ("CUSTOMER", "contact", "234")
    assert (row.operation, row.triggerType) == ("NONE", "WEBHOOK")
    assert await waiting(db) == set()


async def test_a_wrong_method_is_no_defect(client: httpx2.AsyncClient) -> None:
    for method, path in (
        ("GET", "/webhook/crm"),
        ("DELETE", "/webhook/crm/identity"),
        ("PUT", "/webhook/finance"),
    ):
        assert (await client.request(method, path)).status_code == 405
