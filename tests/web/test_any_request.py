"""Requests that nobody thought of: none is a defect of ours, none hangs, and what is accepted is stored."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hamgam.app.problems import ADDRESS
from hamgam.people.secret import fingerprint
from tests.web.conftest import GUID, SECRET, TOKEN, FakeSeconds, Installation, serving
from tests.web.test_receiving import signature

_FOR_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_EACH = settings(max_examples=40, deadline=None, suppress_health_check=_FOR_FIXTURES)
_MANY = settings(max_examples=300, deadline=None, suppress_health_check=_FOR_FIXTURES)
_PASSWORD = "of-the-dashboard"


class Hurrying(FakeSeconds):
    """So much time passes between two requests that nobody has to wait."""

    def __call__(self) -> float:
        self.now += 10
        return self.now


@contextmanager
def fuzzed(installation: Installation, database_url: str) -> Iterator[tuple[str, Counter[str]]]:
    """A service to send anything to. What the test counts as accepted must have been stored in the end."""
    installation.seconds = Hurrying()
    installation.body_seconds = 0.3
    accepted: Counter[str] = Counter()
    with serving(installation, database_url) as address:
        yield address, accepted
        assert httpx2.get(f"{address}/health").json()["status"] == "ok"
    with psycopg.connect(database_url) as connection:
        [[stored]] = connection.execute('SELECT count(*) FROM "WebhookDelivery"').fetchall()
        unserved = connection.execute(
            """SELECT 1 FROM "WebhookDelivery" d WHERE NOT EXISTS (SELECT 1 FROM procrastinate_jobs"""
            """ WHERE lock = d.entity || ':' || d."crmId")"""
        ).fetchall()
    assert (stored, unserved) == (accepted["crm"], [])


def an_admins_token(database_url: str) -> str:
    """Of a program, so that it goes on when the requests make users."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """INSERT INTO "ApiToken" (name, "nameKey", role, "tokenHash", "createdAt", "createdBy")"""
            """ VALUES ('fuzz', 'fuzz', 'admin', %s, now(), 'test')""",
            [fingerprint("of-an-admin")],
        )
    return "of-an-admin"


def is_no_defect(path: str, answer: Any) -> bool:
    """Nobody runs jobs here, and nobody reaches the remote systems."""
    return path == "/ready" or answer.json().get("type") == f"{ADDRESS}out-of-reach"


def note(accepted: Counter[str], path: str, status: int) -> None:
    if status == 202 and path.startswith("/webhook/"):
        accepted["finance" if path.startswith("/webhook/finance") else "crm"] += 1


@pytest.mark.parametrize("credentials", [True, False], ids=["known", "stranger"])
def test_no_generated_request_is_a_defect(
    installation: Installation, database_url: str, credentials: bool
) -> None:
    installation.settings["dashboard_password"] = _PASSWORD
    dashboard = {"authorization": f"Bearer {an_admins_token(database_url)}"}
    with fuzzed(installation, database_url) as (address, accepted):
        schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json", headers=dashboard)
        operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
        for operation in operations:

            @given(case=operation.as_strategy())
            @_EACH
            def no_defect(case: Any) -> None:
                params = {"token": TOKEN} if credentials and "webhook" in case.path else {}
                answer = case.call(params=params, headers=dashboard if credentials else {})
                assert answer.status_code < 500 or (credentials and is_no_defect(case.path, answer))
                if not credentials and case.path != "/health":
                    assert answer.status_code in (400, 401, 405, 413, 429)
                note(accepted, case.path, answer.status_code)

            no_defect()
    assert {f"{operation.method.upper()} {operation.path}" for operation in operations} >= {
        "GET /health",
        "GET /ready",
        "GET /metrics",
        "GET /api/v1/status",
        "GET /api/v1/syncs",
        *_PEOPLE,
        "GET /api/v1/syncs/export",
        "GET /api/v1/syncs/{id}",
        "POST /webhook/crm",
        "POST /webhook/finance",
        *(f"{method} /webhook/crm/{name}" for method in ("GET", "POST") for name in _NAMES),
    }


_PEOPLE = (
    "GET /api/v1/people",
    "POST /api/v1/people",
    "PUT /api/v1/people/{person_id}/role",
    "PUT /api/v1/people/{person_id}/password",
    "DELETE /api/v1/people/{person_id}",
    "GET /api/v1/tokens",
    "POST /api/v1/tokens",
    "DELETE /api/v1/tokens/{token_id}",
    "GET /api/v1/me",
    "PUT /api/v1/me/password",
)
_NAMES = ("identity", "invoice", "quote")
_PATHS = tuple(
    f"/webhook/{name}{token}"
    for name in ("crm", "finance", *(f"crm/{name}" for name in _NAMES))
    for token in ("", f"/{TOKEN}", "/wrong")
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text()
    | st.sampled_from([GUID, GUID.upper(), "customer", "quote.deleted", "\ud800", "\x00", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("eventType", "entityType", "entityId", "data", "identityType", "transactionId", "id", "code")
_DELIVERY = st.lists(st.tuples(st.sampled_from((*_FIELDS, "data.id", "data.type")), _JSON), max_size=6)


def _as_json(fields: list[tuple[str, Any]]) -> bytes:
    """An object whose names may come twice, with the GUID where nothing else was chosen for it."""
    inner = [(name.partition(".")[2], value) for name, value in fields if name.startswith("data.")]
    outer = [(name, value) for name, value in fields if "." not in name]
    parts = [("eventType", "customer.updated"), *outer]
    written = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in parts]
    data = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in [("id", GUID), *inner])
    return ("{" + ",".join([f'"data":{{{data}}}', *written]) + "}").encode()


_DEEP = st.integers(1, 3000).map(
    lambda n: b'{"entityType":"quote","entityId":"%s","x":%s%s}' % (GUID.encode(), b"[" * n, b"]" * n)
)
_BODY = (
    st.binary(max_size=300) | _DELIVERY.map(_as_json) | _DEEP | _JSON.map(lambda x: json.dumps(x).encode())
)
_QUERY = (
    st.binary(max_size=60)
    | st.lists(
        st.tuples(
            st.sampled_from([b"id", b"type", b"event", b"subtype", b"token", b"id[]", b"%69d", b"%00", b"%"]),
            st.sampled_from([GUID.encode(), TOKEN.encode(), b"%00", b"%ff%fe", b"%u0041", b"%zz", b"2", b"+"])
            | st.binary(max_size=8),
        ),
        max_size=4,
    ).map(lambda pairs: b"&".join(name + b"=" + value for name, value in pairs))
).map(lambda query: bytes(byte for byte in query if byte not in b" \r\n#"))
_HEADER = st.tuples(
    st.sampled_from([b"X-Webhook-Signature", b"Content-Type", b"X-Forwarded-For", b"Expect", b"X-Other"]),
    st.binary(max_size=30).map(lambda value: bytes(byte for byte in value if byte not in b"\r\n\0"))
    | st.sampled_from([b"sha256=", b"sha256=" + b"0" * 64, b"100-continue", b"a" * 20_000]),
)


@given(
    method=st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD"]),
    path=st.sampled_from(_PATHS),
    query=_QUERY,
    headers=st.lists(_HEADER, max_size=3),
    body=_BODY,
    signed=st.booleans(),
    framing=st.sampled_from(["length", "length", "length", "chunked", "short", "none"]),
)
@example(  # few of the bodies that are made up name a record, or are signed as well
    method=b"POST",
    path="/webhook/crm",
    query=b"",
    headers=[],
    body=b'{"entityType": "customer", "entityId": "%s"}' % GUID.encode(),
    signed=True,
    framing="length",
)
@example(
    method=b"POST",
    path="/webhook/finance",
    query=b"",
    headers=[],
    body=b'{"id": 234}',
    signed=True,
    framing="length",
)
@_MANY
def request_by_hand(
    address: str,
    accepted: Counter[str],
    method: bytes,
    path: str,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    signed: bool,
    framing: str,
) -> None:
    if signed:
        proof = signature(body, SECRET)["X-Webhook-Signature"].encode()
        headers = [(b"X-Webhook-Signature", proof), *headers]
    framed = {
        "length": (b"Content-Length: %d" % len(body), body),
        "chunked": (b"Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
        "short": (b"Content-Length: %d" % (len(body) + 7), body),
        "none": (b"Content-Length: 0", b""),
    }
    length, content = framed[framing] if body else framed["none"]
    lines = [method + b" " + path.encode() + b"?" + query + b" HTTP/1.1", b"Host: x", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers]
    status = sent(address, b"\r\n".join([*lines, length, b"", content]))
    assert status in (202, 400, 401, 405, 408, 413, 431), status
    note(accepted, path, status)


def sent(address: str, request: bytes) -> int:
    """The status of the answer to these bytes; it may be given before all of them are read."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        answer = connection.recv(65536)
        while answer.startswith(b"HTTP/1.1 100"):
            answer = answer.partition(b"\r\n\r\n")[2] or connection.recv(65536)
    return int(answer.split(b" ", 2)[1])


def test_no_bytes_at_the_webhook_addresses_are_a_defect(
    installation: Installation, database_url: str
) -> None:
    with fuzzed(installation, database_url) as (address, accepted):
        request_by_hand(address, accepted)
    assert accepted["crm"] and accepted["finance"]


@given(query=st.text(alphabet=st.characters(codec="ascii", exclude_characters="#"), max_size=80))
@_EACH
def test_no_query_is_a_defect(served: str, query: str) -> None:
    for path in (f"/webhook/crm/identity/{TOKEN}", "/api/v1/syncs", "/", "/live", "/syncs", "/syncs/new"):
        url = httpx2.URL(f"{served}{path}", params=httpx2.QueryParams(query))
        assert httpx2.get(url).status_code in (200, 202, 400)
