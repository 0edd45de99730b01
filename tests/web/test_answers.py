"""Every operation of the API is asked once, with something to tell, and answers as its document says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from hamgam.app import problems
from hamgam.app.problems import KINDS
from hamgam.db.engine import Database
from hamgam.db.tables import poll_cursor
from hamgam.jobs.declining import Why
from hamgam.jobs.importing import FINISHED_BEFORE, NOT_AT_REST, NOT_OPEN, RUNS_ALREADY, UNKNOWN
from hamgam.jobs.runner import run_notice
from hamgam.model import Entity
from hamgam.people import tokens, users
from hamgam.people.refusals import Refusal
from hamgam.people.roles import Role
from tests.bench import Bench, bench
from tests.sync.test_document_flow import document
from tests.web.conftest import GUID, NOW, AddSync
from tests.web.described import as_described, described, template_of
from tests.web.signed_in import asking_as
from tests.web.test_attention import CONFLICT, FAILED, doubt
from tests.web.test_records import installed, notice, person

V1 = "/api/v1"
OF_A_SESSION = {f"DELETE {V1}/me/session", f"PUT {V1}/me/password"}
"""They have no answer but 204; `test_people` asks for it."""


class Asking:
    """Asks, and notes which operations have answered."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.answered: set[str] = set()

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.client.request(method, V1 + path, json=body)
        assert answer.is_success, (method, path, answer.text)
        self.answered.add(f"{method} {template_of(answer.request.url.path, method)}")
        return answer.json() if "json" in answer.headers.get("content-type", "") and answer.content else None


@asynccontextmanager
async def asking(b: Bench, role: Role) -> AsyncIterator[Asking]:
    async with asking_as(role, installed(b), b.db) as client:
        _, secret = await tokens.make(b.db, f"of {role}", role, by="x", now=NOW)
        client.headers["authorization"] = f"Bearer {secret}"
        yield Asking(client)


async def test_every_operation_answers_as_it_is_described(db: Database, add_sync: AddSync) -> None:
    async with bench(db) as b:
        await users.add(db, "boss", Role.ADMIN, "no hash", NOW)
        sara = person(b)
        invoice = document(b, customer=sara)
        await run_notice(b.site, await notice(b, sara))
        await b.sync(invoice, entity=Entity.INVOICE)
        b.box.crm.edit(sara, nickName="تازه")
        await b.sync(sara)
        async with asking(b, Role.VIEWER) as ask:
            await _look(ask, sara, invoice)
        async with asking(b, Role.ADMIN) as ask:
            await _look(ask, sara, invoice)
            for entity, record in (("customer", sara), ("invoice", invoice)):
                assert (await ask("GET", f"/records/{entity}/{record}/compare"))["fields"]
            await ask("POST", f"/records/customer/{sara}/sync")
            assert await ask("GET", "/queue")
            await _decide(ask, db, add_sync)
            await _import(ask)
            await _reach(ask)
            await _people(ask)
        assert described() - ask.answered == OF_A_SESSION


async def _look(ask: Asking, sara: str, invoice: str) -> None:
    for path in ("status", "overview", "charts/syncs", "queue", "connections", "settings", "me"):
        await ask("GET", f"/{path}")
    rows = await ask("GET", "/syncs")
    assert len(rows) == 3
    for row in rows:
        await ask("GET", f"/syncs/{row['id']}")
        assert (await ask("GET", f"/syncs/{row['id']}/story"))["name"]
    await ask("GET", "/syncs/count")
    await ask("GET", "/syncs/export")
    assert (await ask("GET", f"/records?q={sara}"))["records"]
    assert (await ask("GET", "/records/linked?type=CUSTOMER"))["count"]
    for entity, record in (("customer", sara), ("invoice", invoice)):
        assert (await ask("GET", f"/records/{entity}/{record}"))["timeline"]


async def _decide(ask: Asking, db: Database, add_sync: AddSync) -> None:
    await db.execute(poll_cursor.insert().values(stream="person", cursor=NOW, held=5))
    for number, row in enumerate((FAILED, FAILED, FAILED, CONFLICT, doubt())):
        add_sync(**row, sourceEntityId=f"{number}{GUID[1:]}")
    page = await ask("GET", "/attention")
    assert (page["count"], len(page["held"]), len(page["reasons"])) == (5, 1, 3)
    by_status: dict[str, list[str]] = {}
    for row in page["items"]:
        by_status.setdefault(row["status"], []).append(row["id"])
        await ask("GET", f"/attention/{row['id']}")
    [conflict], [in_doubt], failed = (by_status[status] for status in ("CONFLICT", "IN_DOUBT", "FAILED"))
    assert (await ask("GET", f"/attention/{in_doubt}"))["sent"]["lines"]
    assert (await ask("GET", f"/attention/{conflict}/finance"))["contacts"]
    await ask("POST", f"/attention/{failed[0]}/retry")
    await ask("POST", f"/attention/{failed[1]}/dismiss", {"note": "known"})
    await ask("POST", f"/attention/{conflict}/settle", {"absent": True})
    await ask("POST", "/attention/held/person/release?changes=5")
    count = (await ask("GET", "/bulk/count?what=dismiss"))["count"]
    wish = {"what": "dismiss", "count": count, "note": "all of them", "filter": {"status": "FAILED"}}
    begun = await ask("POST", "/bulk", wish)
    for path in ("/bulk", f"/bulk/{begun['id']}"):
        await ask("GET", path)
    await ask("POST", f"/bulk/{begun['id']}/cancel")


async def _import(ask: Asking) -> None:
    plan = (await ask("POST", "/imports", {"dryRun": True}))["id"]
    await ask("GET", f"/imports/{plan}/contacts")
    await ask("POST", f"/imports/{plan}/stop")
    run = (await ask("POST", "/imports", {"limit": 3}))["id"]
    await ask("POST", f"/imports/{run}/stop")
    await ask("POST", f"/imports/{run}/resume")
    await ask("GET", f"/imports/{run}")
    assert len(await ask("GET", "/imports")) == 2


async def _reach(ask: Asking) -> None:
    assert (await ask("POST", "/connections/probe"))["report"]
    assert (await ask("GET", "/connections"))["probe"]["report"]["finance"]["findings"]
    await ask("POST", "/webhooks")
    await ask("POST", "/webhooks/reveal")
    [known] = (await ask("GET", "/webhooks"))["subscriptions"]
    await ask("DELETE", f"/webhooks/{known['id']}")


async def _people(ask: Asking) -> None:
    password = "three words and more"
    made = (await ask("POST", "/people", {"name": "maryam", "role": "viewer", "password": password}))["id"]
    await ask("PUT", f"/people/{made}/role", {"role": "operator"})
    await ask("PUT", f"/people/{made}/password", {"password": password})
    assert len(await ask("GET", "/people")) == 2
    await ask("DELETE", f"/people/{made}")
    token = (await ask("POST", "/tokens", {"name": "a program", "role": "viewer"}))["id"]
    assert len(await ask("GET", "/tokens")) == 3
    await ask("DELETE", f"/tokens/{token}")


async def test_an_answer_that_is_not_described_is_noticed() -> None:
    request = httpx2.Request("GET", f"http://x{V1}/me")
    for status, body in ((200, {"name": "x"}), (200, {"name": "x", "role": "viewer", "more": 1}), (299, {})):
        with pytest.raises(AssertionError, match=f"GET {V1}/me {status}"):
            await as_described(httpx2.Response(status, json=body, request=request))


def test_whatever_is_refused_has_a_kind() -> None:
    codes = [*Why, *Refusal, FINISHED_BEFORE, NOT_AT_REST, NOT_OPEN, RUNS_ALREADY, UNKNOWN]
    assert {problems.named(code) for code in codes} <= set(KINDS)
    assert {KINDS[problems.named(why)].status for why in Why} == {404, 409}


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "kind"),
    [
        ("GET", "/syncs?limit=x", {}, 400, "bad-request"),
        (
            "POST",
            "/tokens",
            {"content": b"{", "headers": {"content-type": "application/json"}},
            400,
            "bad-request",
        ),
        (
            "POST",
            "/tokens",
            {"content": b"x=1", "headers": {"content-type": "text/plain"}},
            400,
            "bad-request",
        ),
        ("GET", "/me", {"headers": {"authorization": ""}}, 401, "sign-in"),
        ("GET", "/me", {"headers": {"authorization": "Bearer x"}}, 401, "token"),
        ("POST", "/connections/probe", {}, 403, "role"),
        ("GET", f"/syncs/{GUID}", {}, 404, "unknown"),
        ("GET", "/nowhere", {}, 404, "unknown"),
        ("PATCH", "/me", {}, 405, "method"),
        ("DELETE", "/me/session", {}, 409, "no-session"),
        ("POST", "/bulk", {"content": b"x" * 2**21}, 413, "too-large"),
        ("GET", f"/attention/{GUID}/finance", {}, 404, "unknown"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_refusal_is_a_problem_of_a_kind_that_stays(
    db: Database, method: str, path: str, more: dict[str, Any], status: int, kind: str
) -> None:
    async with bench(db) as b:
        await users.add(db, "boss", Role.ADMIN, "no hash", NOW)
        role = Role.ADMIN if status != 403 else Role.OPERATOR
        async with asking(b, role) as ask:
            answer = await ask.client.request(method, V1 + path, **more)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (answer.status_code, told["status"], told["type"]) == (status, status, problems.ADDRESS + kind)
    assert told["title"] == KINDS[kind].title
