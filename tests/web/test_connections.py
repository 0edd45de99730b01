"""The connections in the dashboard and the API: state, probe, subscriptions, settings. No secrets."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from hamgam.app.words import WORDS, Writer
from hamgam.app.words.settings import PERSIAN
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import RemoteSession, System
from hamgam.people.roles import Role
from hamgam.reasons import SENTENCES
from hamgam.sandbox import CrmMood, Fault, FaultKind
from hamgam.settings import describe, load_settings
from hamgam.systems.session import REFUSAL_PAUSE
from hamgam.trail import probes
from hamgam.trail.outages import OutageNotes
from hamgam.trail.remote import CallTally, SharedSessions
from tests.bench import Bench, bench
from tests.web.conftest import GUID, NOW, SECRET, TOKEN, WITH_WEBHOOKS, Installation, basic
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed

PAGES = ("/connections", "/connections/live", "/connections/settings", "/connections/subscriptions")
API = ("/api/v1/connections", "/api/v1/webhooks", "/api/v1/settings")
CANARIES = {
    "crm_password": "canary-crm-password",
    "finance_password": "0123456789ABCDEF0123456789ABCDEF",
    "webhook_secret": "canary-webhook-secret",
    "webhook_token": "canary-webhook-token",
    "dashboard_password": "canary-dashboard",
    "database_url": "postgresql://someone:canary-database@127.0.0.1:1/books",
}


def installed(b: Bench | None, **settings: Any) -> Installation:
    """A web service that reaches the systems of the bench."""
    installation = Installation(WITH_WEBHOOKS | settings)
    if b is not None:

        @asynccontextmanager
        async def site() -> AsyncIterator[Any]:
            yield b.site

        installation.site = site
    return installation


@asynccontextmanager
async def visiting(
    db: Database, installation: Installation, role: Role = Role.ADMIN
) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking_as(role, installation, db) as client:
        client.headers["accept-language"] = "en"
        yield client


async def test_both_systems_are_told_of(db: Database) -> None:
    async with bench(db) as b, visiting(db, installed(b)) as client:
        await b.sync(b.person())
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", status=500, times=1))
        await b.sync(b.person(customerNumber="901"))
        await b.tally.flush()
        found = (await client.get("/api/v1/connections")).json()
        crm = found["systems"]["crm"]
        assert crm["calls"] >= 3
        assert sum(crm["errors"].values()) == 1
        assert crm["meanMs"] > 0
        assert crm["session"]["exists"]
        assert datetime.fromisoformat(crm["session"]["since"]) <= datetime.now(UTC)
        assert crm["breaker"] == {"open": False, "since": None, "nextTry": None}
        for lang in ("fa", "en"):
            page = (await client.get(f"/connections?lang={lang}")).text
            assert well_formed(page)
            assert WORDS["fa" if lang == "fa" else "en"]["connections.breaker.closed"] in page


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("path", ["/", "/live", "/connections", "/connections/live"])
async def test_the_breaker_of_any_process_is_shown(db: Database, path: str, lang: str) -> None:
    """The web service makes no calls here; a worker elsewhere has noted what its breaker says."""
    words, tell = WORDS["fa" if lang == "fa" else "en"], Writer("fa" if lang == "fa" else "en")
    worker = OutageNotes(db, lambda: NOW)
    worker.went_down(System.CRM, Reason.UNREACHABLE)
    worker.asks_again(System.CRM, in_seconds=12)
    await worker.flush()
    async with visiting(db, installed(None)) as client:
        systems = (await client.get("/api/v1/connections")).json()["systems"]
        assert {name: each["breaker"]["open"] for name, each in systems.items()} == {
            "crm": True,
            "finance": False,
        }
        page = (await client.get(f"{path}?lang={lang}")).text
    assert well_formed(page)
    assert page.count(words["connections.breaker.open"]) == page.count(words["connections.next_try"]) == 1
    assert tell.clock(NOW) in page
    assert tell.clock(NOW + timedelta(seconds=12)) in page
    assert words["connections.breaker.closed"] in page


@pytest.mark.parametrize("path", ["/", "/connections"])
async def test_a_refused_login_says_when_it_is_tried_again(db: Database, path: str) -> None:
    tally = CallTally(db, lambda: NOW)
    tally.called(System.FINANCE, ok=False, reason=Reason.BAD_CREDENTIALS, seconds=0.1)
    await tally.flush()
    await SharedSessions(db).note_refusal(System.FINANCE, "x", NOW)
    async with visiting(db, installed(None)) as client:
        page = (await client.get(path)).text
        finance = (await client.get("/api/v1/connections")).json()["systems"]["finance"]
    assert WORDS["en"]["connections.refused"] in page
    assert Writer("en").clock(NOW + REFUSAL_PAUSE) in page
    assert datetime.fromisoformat(finance["session"]["nextLoginAt"]) == NOW + REFUSAL_PAUSE


async def test_a_login_that_works_again_is_not_called_refused(db: Database) -> None:
    store = SharedSessions(db)
    await store.note_refusal(System.CRM, "x", NOW - timedelta(days=9000))
    await store.save(System.CRM, RemoteSession("token", {}))
    tally = CallTally(db, lambda: NOW)
    tally.called(System.CRM, ok=False, reason=Reason.UNREACHABLE, seconds=0.1)
    await tally.flush()
    async with visiting(db, installed(None)) as client:
        page = (await client.get("/connections")).text
    assert WORDS["en"]["connections.session.since"] in page
    assert WORDS["en"]["connections.refused"] not in page


async def test_the_probe_is_run_kept_and_explained_in_both_languages(db: Database) -> None:
    async with bench(db) as b, visiting(db, installed(b)) as client:
        b.box.finance.add_contact(Name="سارا", MobileNo="09121112233", tmpid="77")
        b.person()
        before = (await client.get("/connections")).text
        assert WORDS["en"]["probe.none"] in before
        done = await client.post("/connections/probe")
        assert (done.status_code, done.headers["location"]) == (303, "/connections#probe")
        kept = (await client.get("/api/v1/connections")).json()["probe"]
        assert kept["startedBy"] == "somebody"
        for system in ("crm", "finance"):
            report = kept["report"][system]
            assert set(report) == {"reachable", "login", "findings", "ms"}
            assert report["reachable"]
            assert report["login"]
        findings = {f["code"] for system in ("crm", "finance") for f in kept["report"][system]["findings"]}
        assert {"page_base", "webhook_api", "fiscal_year", "tmpid", "filters_Code"} <= findings
        for lang in ("fa", "en"):
            page = (await client.get(f"/connections?lang={lang}")).text
            assert well_formed(page)
            for code in findings:
                key = "finding." + ("filters" if code.startswith("filters_") else code)
                words = WORDS["fa" if lang == "fa" else "en"]
                assert words[key] in page.replace("&#39;", "'"), code
                assert words[key.replace("finding.", "finding.name.")] in page, code
            assert page.count('<td class="action">') == page.count('<td class="meaning">')
            assert '<td class="action"></td>' not in page


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_system_that_is_down_is_a_finding_and_no_defect(db: Database, lang: str) -> None:
    async with bench(db) as b, visiting(db, installed(b)) as client:
        await b.box.take_down("finance")
        report = (await client.post("/api/v1/connections/probe")).json()["report"]
        assert (report["crm"]["reachable"], report["finance"]["reachable"]) == (True, False)
        page = (await client.get(f"/connections?lang={lang}")).text
        assert well_formed(page)
        words = WORDS["fa" if lang == "fa" else "en"]
        assert words["probe.unreachable"] in page
        sentence = next(s for reason, s in SENTENCES.items() if reason == "UNREACHABLE")
        assert (sentence.fa if lang == "fa" else sentence.en) in page


async def test_a_refused_login_is_never_tried_more_often_than_the_rules_say(db: Database) -> None:
    """Three in ten minutes, over all who ask and whatever they ask for."""
    async with bench(db, finance_password="0" * 32) as b, visiting(db, installed(b)) as client:
        for _ in range(24):
            report = (await client.post("/api/v1/connections/probe")).json()["report"]
            assert report["finance"]["login"] is False
            b.clock.pass_seconds(25)
        logins = b.box.journal.calls(system="finance", effect="login")
        assert 1 <= len(logins) <= 3
        page = (await client.get("/connections")).text
        assert WORDS["en"]["connections.refused"] in page
        assert WORDS["en"]["probe.no_login"] in page


async def test_one_probe_at_a_time(db: Database) -> None:
    async with bench(db) as b, visiting(db, installed(b)) as client:
        b.box.latency_seconds = 0.3
        answers = await asyncio.gather(
            client.post("/api/v1/connections/probe"),
            client.post("/api/v1/connections/probe"),
            client.post("/connections/probe"),
        )
        assert Counter(answer.status_code for answer in answers if answer.status_code == 409) == {409: 2}
        assert len(b.box.journal.calls(system="crm", effect="login")) == 1
        b.box.latency_seconds = 0
        assert (await client.post("/connections/probe")).status_code == 303


async def test_a_probe_that_takes_too_long_is_cut_off(db: Database) -> None:
    async with bench(db, timeout_seconds=30) as b:
        installation = installed(b)
        installation.probe_seconds = 0.2
        async with visiting(db, installation) as client:
            b.box.faults.add(Fault(FaultKind.TIMEOUT, system="crm", times=None))
            kept = (await client.post("/api/v1/connections/probe")).json()
            assert (kept["trouble"], kept["report"]) == ("TOOK_TOO_LONG", None)
            assert WORDS["en"]["probe.trouble.TOOK_TOO_LONG"] in (await client.get("/connections")).text
            installation.probe_seconds = 60


async def test_a_probe_whose_process_died_is_not_under_way(db: Database) -> None:
    async with visiting(db, installed(None)) as client:
        await db.execute(text('INSERT INTO "SiteProbe" ("startedAt", "startedBy") VALUES (now(), \'x\')'))
        assert (await client.get("/api/v1/connections")).json()["probingSince"] is None
        async with db.locked("site probe"):
            assert (await client.get("/api/v1/connections")).json()["probingSince"]
            for path in ("/connections", "/connections/live"):
                page = (await client.get(path)).text
                assert WORDS["en"]["probe.running"] in page
                assert f"disabled>{WORDS['en']['probe.going']}</button>" in page


async def test_subscriptions_are_listed_registered_once_and_removed(db: Database) -> None:
    async with bench(db) as b, visiting(db, installed(b, webhook_secret=None)) as client:
        clicks = await asyncio.gather(
            *(client.post("/connections/subscriptions/register") for _ in range(3)),
            client.post("/api/v1/webhooks"),
        )
        assert [click.status_code for click in clicks] == [303, 303, 303, 200]
        listed = (await client.get("/api/v1/webhooks")).json()
        [known] = listed["subscriptions"]
        assert known["url"] == "https://hamgam.example.com/webhook/crm/•••" == listed["address"]
        page = (await client.get("/connections/subscriptions")).text
        assert well_formed(page)
        assert known["url"] in page
        assert TOKEN not in page
        [confirm] = re.findall(r"<details>.*?</details>", page, re.DOTALL)
        assert page.count('action="/connections/subscriptions/remove"') == 1
        assert 'action="/connections/subscriptions/remove"' in confirm
        assert WORDS["en"]["hooks.remove.note"] in confirm
        looked = len(b.box.journal.calls("crm", operation="webhooks/list"))
        for _ in range(2):
            gone = await client.post("/connections/subscriptions/remove", data={"id": known["id"]})
            assert gone.status_code == 303
        assert len(b.box.journal.calls("crm", operation="webhooks/list")) == looked + 2  # once each
        assert WORDS["en"]["hooks.list.none"] in (await client.get("/connections/subscriptions")).text
        assert (await client.delete("/api/v1/webhooks/forged")).status_code == 409
        await client.post("/api/v1/webhooks")
        [known] = (await client.get("/api/v1/webhooks")).json()["subscriptions"]
        assert (await client.delete(f"/api/v1/webhooks/{known['id']}")).status_code == 204


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_crm_without_the_api_and_one_that_is_down_say_so(db: Database, lang: str) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    async with bench(db, crm_mood=CrmMood(webhook_api=False)) as b, visiting(db, installed(b)) as client:
        page = await client.get(f"/connections/subscriptions?lang={lang}")
        assert page.status_code == 409
        assert words["hooks.no_api"] in page.text
        assert (await client.post("/api/v1/webhooks")).status_code == 409
        await b.box.take_down("crm")
        page = await client.get(f"/connections/subscriptions?lang={lang}")
        assert page.status_code == 502
        assert words["hooks.failed"] in page.text
        assert (await client.get("/api/v1/webhooks")).status_code == 502


async def test_the_light_turns_on_with_the_first_delivery(db: Database) -> None:
    installation = installed(None)
    async with visiting(db, installation) as client:
        for path in ("/connections", "/connections/light"):
            assert WORDS["en"]["hooks.waiting"] in (await client.get(path)).text
        sent = await client.get(f"/webhook/crm/identity/{TOKEN}?event=Insert&id={GUID}")
        assert sent.status_code == 202
        for path in ("/connections", "/connections/light"):
            page = (await client.get(path)).text
            assert f"{WORDS['en']['hooks.heard']}</span> <time" in page
            assert WORDS["en"]["hooks.waiting"] not in page


async def test_an_admin_may_see_the_secrets_and_the_log_says_so(db: Database) -> None:
    async with visiting(db, installed(None)) as client:
        masked = (await client.get("/connections")).text
        assert "https://hamgam.example.com/webhook/crm/quote/•••" in masked
        with capture_logs() as logs:
            shown = await client.post("/connections/reveal")
            told = (await client.post("/api/v1/webhooks/reveal")).json()
        assert f"https://hamgam.example.com/webhook/crm/quote/{TOKEN}" in shown.text
        assert SECRET in shown.text
        assert well_formed(shown.text)
        assert shown.headers["cache-control"] == "no-store"
        assert (told["secret"], told["addressesByQuery"]["quote"].endswith(TOKEN)) == (SECRET, True)
        assert [(e["event"], e["by"]) for e in logs] == [("webhooks.secret_shown", "somebody")] * 2
        assert SECRET not in str(logs)


@pytest.mark.parametrize("role", list(Role))
async def test_no_page_and_no_answer_holds_a_secret(db: Database, role: Role) -> None:
    async with bench(db) as b, visiting(db, installed(b, **CANARIES), role) as client:
        client.headers.update(basic("anybody", CANARIES["dashboard_password"]))
        await b.run_import()
        await client.post("/connections/probe")
        for path in (*PAGES, *API):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert "canary" not in answer.text, path
            assert CANARIES["finance_password"] not in answer.text, path
            for stored in await b.rows("""SELECT session ->> 'token' AS token FROM "RemoteSystem" """):
                assert stored.token not in answer.text, path


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_only_an_admin_acts(db: Database, role: Role) -> None:
    async with bench(db) as b, visiting(db, installed(b), role) as client:
        for path in (
            "/connections/probe",
            "/connections/reveal",
            "/connections/subscriptions/register",
            "/connections/subscriptions/remove",
            "/api/v1/connections/probe",
            "/api/v1/webhooks",
            "/api/v1/webhooks/reveal",
        ):
            assert (await client.post(path)).status_code == 403, path
        assert (await client.delete("/api/v1/webhooks/1")).status_code == 403
        for path in PAGES:
            assert "<form" not in (await client.get(path)).text
        assert b.calls("finance") == []


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_settings_say_what_they_are_and_where_they_come_from(
    db: Database, tmp_path: Path, lang: str
) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    (tmp_path / ".env").write_text("# ours\nPORT=4000\nCRM_PASSWORD_FILE=crm\n", encoding="utf-8")
    (tmp_path / "crm").write_text("canary-crm")
    installation = Installation()
    installation.given = load_settings({"CRM_USERNAME": "hamgam"}, tmp_path)
    async with visiting(db, installation) as client:
        rows = {row["name"]: row for row in (await client.get("/api/v1/settings")).json()}
        assert [rows["PORT"][key] for key in ("value", "source", "line")] == ["4000", ".env", 2]
        assert [rows["CRM_USERNAME"][key] for key in ("value", "source")] == ["hamgam", "the environment"]
        assert [rows["CRM_PASSWORD"][key] for key in ("value", "line", "fileOf")] == [
            "•••",
            3,
            "CRM_PASSWORD_FILE",
        ]
        assert rows["HOST"]["source"] == "default"
        page = (await client.get(f"/connections/settings?lang={lang}")).text
        assert well_formed(page)
        assert "canary" not in page
        assert all(doc.name in page for doc in describe())
        assert words["setting.PORT"] in page
        assert words["settings.environment"] in page
        assert '<bdi dir="ltr"><code>.env</code></bdi>' in page
        labelled = [page.count(f'data-label="{words[key]}"') for key in ("settings.value", "settings.source")]
        assert labelled == [len(describe())] * 2


def test_every_setting_has_its_meaning_in_persian() -> None:
    assert set(PERSIAN) == {doc.name for doc in describe()}


async def test_a_service_that_reaches_nothing_says_so(db: Database) -> None:
    async with visiting(db, installed(None)) as client:
        for method, path in (("POST", "/connections/probe"), ("GET", "/connections/subscriptions")):
            answer = await client.request(method, path)
            assert answer.status_code == 503
            assert WORDS["en"]["refused.out-of-reach"] in answer.text
            assert WORDS["en"]["probe.busy"] not in answer.text
        assert (await client.post("/api/v1/connections/probe")).json()["type"].endswith("out-of-reach")
        assert await probes.newest(db, ended=True) is None, "nothing was begun"
        assert (await client.get("/api/v1/webhooks")).status_code == 503
        assert (await client.get("/connections")).status_code == 200


async def test_a_page_without_a_database_says_so() -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with visiting(nowhere, installed(None)) as client:
        answer = await client.get("/connections")
    await nowhere.aclose()
    assert answer.status_code == 503
    assert WORDS["en"]["gone"] in answer.text
