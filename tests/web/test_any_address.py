"""Addresses that nobody thought of: every page answers each with a page in both languages, never a defect."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from tests.web.conftest import AddSync, Installation, serving
from tests.web.routes import SOMETHING, Operation, operations

_EACH = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_NAMES = (
    "lang", "window", "status", "operation", "trigger", "type", "reason", "from", "to", "entity", "attention",
    "cursor", "sort", "after", "done", "q", "before", "asked", "run", "limit", "again", "force", "dry_run",
    "chosen", "row", "next", "outcome", "stage", "what", "linked", "show",
)  # fmt: skip
_ODD = (
    "", "%00", "%ff%fe", "%c0%af", "%ed%a0%80", "%zz", "%", "+", "%0d%0a", "%e2%80%ae", "%d8%b3%db%8c",
    "%F0%9F%92%A9", "%2e%2e%2f", "9" * 400, "-1", "1e999", "NaN", "%DB%B1%DB%B4%DB%B0%DB%B4", "true",
    "FAILED", "0001-01-01", "9999-12-31T23:59:59%2B14:00", "1404/13/45", "infinity", SOMETHING, "a" * 3000,
    f"2026-03-20T21:00:00%2B00:00~{SOMETHING}", f"{SOMETHING}.{SOMETHING}", "customer", "%3Cscript%3E", "%27",
)  # fmt: skip
_BYTES = st.binary(max_size=12).map(lambda raw: quote(raw, safe=""))
_VALUE = st.sampled_from(_ODD) | _BYTES | st.text(max_size=12).map(lambda text: quote(text, errors="replace"))
_QUERY = st.lists(st.tuples(st.sampled_from(_NAMES) | _BYTES, _VALUE).map("=".join) | _VALUE, max_size=5).map(
    "&".join
)
_PART = (_VALUE | st.sampled_from(["customer", "invoice", "contact", "x"])).filter(
    lambda part: part and not part.startswith("%2e")
)


def something_everywhere(database_url: str) -> None:
    """So that a page is not through with the id that it is asked for."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute('INSERT INTO "ImportRun" (id, "dryRun") VALUES (%s, true)', [SOMETHING])
        connection.execute(
            """INSERT INTO "BulkAction" (id, what, "by", "startedAt", total)"""
            """ VALUES (%s, 'retry', 'somebody', now(), 0)""",
            [SOMETHING],
        )


def pages(installation: Installation) -> list[Operation]:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    app = create_app(installation.context(nowhere))
    return [each for each in operations(app) if each.method == "GET" and each.is_page]


@contextmanager
def asked(address: str) -> Iterator[socket.socket]:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        yield connection


def answer_to(address: str, target: str, accept: str) -> tuple[int, str, str]:
    """Status, head and body of the answer to a request line that no client would send."""
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    with asked(address) as connection:
        connection.sendall(request.encode())
        received = b""
        while more := connection.recv(65536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), head.decode("latin-1").lower(), body.decode("utf-8")


def holds(status: int, head: str, body: str, lang: str) -> bool:
    """Whether it is a page, or the part of one, and not somebody else's words."""
    if status in (302, 303, 307):
        return re.search(r"\r\nlocation: (?:http://localhost)?/(?!/)", head) is not None
    if "content-type: text/html" not in head or "Traceback" in body or "<script>" in body:
        return False
    return "<html" not in body or f'<html lang="{lang}"' in body


ALLOWED = {200, 302, 303, 307, 400, 404, 409, 414, 431}
"""307: a slash too many at the end. 409: there is no CRM to ask.

A 503 is what asks the remote systems, without them: the comparison of a record that is known, and the
subscriptions.
"""
_ASKING = ("/compare", "/subscriptions")


@pytest.mark.parametrize("number", range(4))
def test_no_address_of_a_page_is_a_defect(
    installation: Installation, database_url: str, add_sync: AddSync, number: int
) -> None:
    add_sync(id=SOMETHING, sourceEntityId=SOMETHING, status="FAILED", reason="WRONG_ADDRESS")
    something_everywhere(database_url)
    walked = pages(installation)[number::4]
    with serving(installation, database_url) as address:
        for page in walked:

            @given(
                query=_QUERY,
                parts=st.lists(_PART, min_size=3, max_size=3),
                lang=st.sampled_from(["fa", "en"]),
                page=st.just(page),
            )
            @example(query="", parts=[SOMETHING, SOMETHING, SOMETHING], lang="fa", page=page)
            @example(
                query="reason=%00&outcome=%00&stage=%00&what=%00&entity=%00",
                parts=[SOMETHING, SOMETHING, SOMETHING],
                lang="en",
                page=page,
            )
            @example(query="reason=%00", parts=[SOMETHING, SOMETHING, SOMETHING], lang="en", page=page)
            @example(
                query="status=FAILED&status=%00&status=x",
                parts=["customer", SOMETHING, "x"],
                lang="en",
                page=page,
            )
            @_EACH
            def no_defect(query: str, parts: list[str], lang: str, page: Operation) -> None:
                left = iter(parts)
                path = re.sub(r"\{[^}]*\}", lambda _: next(left), page.path)
                target = f"{path}?{query}&lang={lang}"
                status, head, body = answer_to(address, target, "text/html")
                fine = ALLOWED | ({503} if page.path.endswith(_ASKING) else set())
                assert status in fine, (target, status)
                assert holds(status, head, body, lang), (target, status, head, body[:300])

            no_defect()


def test_all_pages_are_walked(installation: Installation) -> None:
    walked = {each.path for number in range(4) for each in pages(installation)[number::4]}
    assert walked >= {"/", "/syncs", "/syncs/{id:path}", "/records/{entity}/{record}", "/import/{run_id}"}
    assert len(walked) > 25
