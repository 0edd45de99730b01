"""Health, readiness, the API, its documentation, and what every answer carries."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from hamgam import __version__
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.model import Status
from tests.web.conftest import GUID, NOW, TOKEN, AddSync, Installation, asking, basic, in_json

NOWHERE = "postgresql://someone:hidden-word@127.0.0.1:1/books"
PROTECTED = (
    "/",
    "/live",
    "/metrics",
    "/ready",
    "/api/v1/status",
    "/api/v1/syncs",
    "/api/docs",
    "/api/openapi.json",
)


async def test_health(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "ok", __version__)
    assert (await client.head("/health")).status_code == 200


async def test_without_its_database_the_service_says_so_everywhere(installation: Installation) -> None:
    nowhere = Database(NOWHERE)
    async with asking(installation, nowhere) as client:
        answers = {path: await client.get(path) for path in ("/health", *PROTECTED[:6])}
    await nowhere.aclose()
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert "database" in answers["/health"].json()["reason"]
    assert not any("hidden-word" in answer.text for answer in answers.values())


async def test_health_does_not_wait_for_a_database_that_hangs(
    installation: Installation, database_url: str
) -> None:
    busy = Database(database_url, pool_size=1)
    async with busy.transaction(), busy.transaction(), asking(installation, busy) as client:
        answer = await client.get("/health")
        ready = await client.get("/ready")
    await busy.aclose()
    assert (answer.status_code, ready.status_code) == (503, 503)
    assert answer.elapsed < timedelta(seconds=2)


async def test_ready_needs_somebody_who_runs_jobs(installation: Installation, db: Database) -> None:
    async with asking(installation, db) as client:
        assert (await client.get("/ready")).status_code == 503
        await db.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
        answer = await client.get("/ready")
        assert (answer.status_code, answer.json()["workers"]) == (200, 1)
        await db.execute(
            text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        )
        assert (await client.get("/ready")).json()["workers"] == 0
        installation.worker = True
        assert (await client.get("/ready")).status_code == 200


async def test_ready_tells_the_last_contact_with_both_systems(
    client: httpx2.AsyncClient, db: Database
) -> None:
    await db.execute(
        text(
            """INSERT INTO "RemoteSystem" (system, state, "lastContactAt")"""
            """ VALUES ('finance', 'TIMEOUT', :at)"""
        ),
        {"at": NOW},
    )
    assert (await client.get("/ready")).json()["systems"] == {
        "crm": {"state": "unknown", "since": None, "last_contact": None},
        "finance": {"state": "TIMEOUT", "since": None, "last_contact": in_json(NOW)},
    }


async def test_an_empty_installation_has_a_complete_status(client: httpx2.AsyncClient) -> None:
    none = dict.fromkeys(Status, 0)
    assert (await client.get("/api/v1/status")).json() == {
        "queue_depth": 0,
        "oldest_waiting_seconds": 0,
        "needs_attention": 0,
        "mappings": {"CUSTOMER": 0, "PREINVOICE": 0},
        "syncs": {"today": none, "last_24h": none, "all": none},
        "last_poll": {"at": None, "cursor": None, "streams": {}},
        "systems": {
            name: {"state": "unknown", "since": None, "last_contact": None} for name in ("crm", "finance")
        },
    }


async def test_today_is_a_day_in_tehran(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    midnight = NOW - timedelta(minutes=30)
    add_sync(startedAt=midnight)
    add_sync(startedAt=midnight - timedelta(seconds=1))
    add_sync(startedAt=NOW - timedelta(hours=25), status="FAILED")
    syncs = (await client.get("/api/v1/status")).json()["syncs"]
    assert {name: (counts["SUCCESS"], counts["FAILED"]) for name, counts in syncs.items()} == {
        "today": (1, 0),
        "last_24h": (2, 0),
        "all": (2, 1),
    }


async def test_what_needs_attention_is_what_nobody_settled(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    for status in Status:
        add_sync(status=status, sourceEntityId=f"open {status}")
        add_sync(status=status, sourceEntityId=f"settled {status}", resolvedAt=NOW)
    await db.execute(
        text("""INSERT INTO "PollCursor" VALUES ('person', :at, :at, 500), ('quote', :old, :old, NULL)"""),
        {"at": NOW, "old": NOW - timedelta(hours=1)},
    )
    status = (await client.get("/api/v1/status")).json()
    assert status["needs_attention"] == 3 + 1
    assert status["last_poll"]["at"] == in_json(NOW)
    assert status["last_poll"]["cursor"] == in_json(NOW)
    assert status["last_poll"]["streams"]["person"]["held"] == 500


async def test_syncs_are_rows_with_the_names_of_their_columns(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    add_sync(sourceData={"fields": {"name": "سارا"}})
    columns = await db.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = 'SyncLog'")
    )
    (row,) = (await client.get("/api/v1/syncs")).json()
    assert set(row) == set(columns.scalars()) - {"facet"}
    assert (row["startedAt"], row["sourceData"]["fields"]["name"]) == (in_json(NOW), "سارا")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"limit": 2}, ["c", "b"]),
        ({"status": "FAILED"}, ["b"]),
        ({"trigger": "POLL"}, ["c"]),
        ({"entity": GUID.upper()}, ["c", "a"]),
        ({"entity": "234"}, ["b"]),
        ({"entity": "234", "status": "SUCCESS"}, []),
        ({"entity": "%"}, []),
    ],
    ids=range(8),
)
async def test_syncs_are_filtered_and_come_newest_first(
    client: httpx2.AsyncClient, add_sync: AddSync, params: dict[str, Any], found: list[str]
) -> None:
    add_sync(errorMessage="a", startedAt=NOW - timedelta(seconds=3))
    add_sync(
        errorMessage="b",
        startedAt=NOW - timedelta(seconds=2),
        status="FAILED",
        sourceEntityId="x",
        targetEntityId="234",
    )
    add_sync(errorMessage="c", startedAt=NOW - timedelta(seconds=1), triggerType="POLL")
    rows = (await client.get("/api/v1/syncs", params=params)).json()
    assert [row["errorMessage"] for row in rows] == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("status=GOOD", "status"),
        ("trigger=", "trigger"),
        ("entity=%00", "entity"),
        ("entity=", "entity"),
    ],
)
async def test_a_bad_query_is_told_by_name(client: httpx2.AsyncClient, query: str, field: str) -> None:
    answer = await client.get(f"/api/v1/syncs?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(f"{field}: ")


async def test_the_password_guards_everything_but_health_webhooks_and_files(
    installation: Installation, db: Database
) -> None:
    installation.settings["dashboard_password"] = "گذرواژه-1"
    async with asking(installation, db) as client:
        for path in (*PROTECTED, "/nowhere"):
            answer = await client.get(path)
            assert (path, answer.status_code) == (path, 401)
            assert answer.headers["www-authenticate"].startswith("Basic ")
        for path in ("/health", f"/webhook/crm/identity/{TOKEN}?id={GUID}", "/static/hamgam.css"):
            assert (await client.get(path)).is_success
        for user in ("", "admin", "هر کس"):
            assert (await client.get("/api/docs", headers=basic(user, "گذرواژه-1"))).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic x",
        "Basic eA==",
        "Bearer abc",
        "Basic Og==",
        "Basic éé",
        basic("a", "wrong:word")["authorization"],
    ],
)
async def test_a_wrong_password_is_refused(installation: Installation, db: Database, header: str) -> None:
    installation.settings["dashboard_password"] = "word"
    async with asking(installation, db) as client:
        answer = await client.get("/", headers={b"authorization": header.encode()})
        assert answer.status_code == 401


async def test_a_defect_is_one_line_without_its_text(installation: Installation, db: Database) -> None:
    def broken() -> bool:
        raise RuntimeError("a customer's secret")

    app = create_app(installation.context(db))

    @app.get("/defect")
    async def defect() -> None:
        broken()

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hamgam.example.com") as client:
        answer = await client.get("/defect")
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_the_documentation_lists_every_operation_and_loads_nothing_foreign(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/api/openapi.json")).json()
    page = (await client.get("/api/docs")).text
    assert {"/health", "/ready", "/metrics", "/webhook/crm", "/api/v1/status", "/api/v1/syncs"} < set(
        document["paths"]
    )
    assert all(f"<code>{path}</code>" in page for path in document["paths"])
    assert "://" not in page.replace("http://hamgam.example.com/api/v1/status", "")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("hamgam.css", "text/css"),
        ("live.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
        ("vendor/htmx.min.js", "text/javascript"),
        ("vendor/vazirmatn.woff2", "font/woff2"),
    ],
)
async def test_files_have_the_type_that_browsers_insist_on(
    client: httpx2.AsyncClient, path: str, kind: str
) -> None:
    answer = await client.get(f"/static/{path}")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)


async def test_files_outside_are_not_served(client: httpx2.AsyncClient) -> None:
    for path in ("/static/../web.py", "/static/%2e%2e/web.py", "/static/..%2fweb.py", "/static/"):
        assert (await client.get(path)).status_code == 404


async def test_rows_of_another_version_are_shown_as_they_are(
    client: httpx2.AsyncClient, db: Database, add_sync: AddSync
) -> None:
    odd = "{GOSSIP} <b>"
    add_sync(status="FAILED", reason=odd, triggerType=odd, operation=odd, entityType=odd, kind=odd)
    add_sync(status=odd, reason=odd, sourceEntity=odd, direction=odd, sourceData={"fields": []})
    for sql in (
        """INSERT INTO "PollCursor" VALUES ('gossip', now(), now(), 3),"""
        """ ('person', 'infinity', 'infinity', NULL)""",
        """INSERT INTO "RemoteSystem" (system, state, errors) VALUES ('gossip', 'x', '{}'),"""
        """ ('crm', 'GOSSIP', '[1]'), ('finance', NULL, '{"TIMEOUT": "many", "UNREACHABLE": 2}')""",
        """INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity")"""
        """ VALUES ('GOSSIP', '1', '1', 'gossip')""",
    ):
        await db.execute(text(sql))
    answers = {
        path: await client.get(path)
        for path in ("/", "/live?lang=en", "/metrics", "/api/v1/status", "/api/v1/syncs")
    }
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
    assert (await client.get("/ready")).json()["systems"]["crm"]["state"] == "GOSSIP"
    assert "{GOSSIP} &lt;b&gt;" in answers["/live?lang=en"].text
    assert 'hamgam_remote_errors_total{reason="UNREACHABLE",system="finance"} 2.0' in answers["/metrics"].text


async def test_syncs_over_time(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync()
    add_sync(status="FAILED", startedAt=NOW - timedelta(minutes=59))
    add_sync(startedAt=NOW - timedelta(minutes=60))
    found = (await client.get("/api/v1/charts/syncs")).json()
    assert (found["window"], found["spanSeconds"], len(found["times"])) == ("1h", 60, 60)
    assert found["times"][-1] == NOW.timestamp()
    assert (sum(found["series"]["SUCCESS"]), found["series"]["SUCCESS"][-1]) == (1, 1)
    assert found["series"]["FAILED"][0] == 1
    week = (await client.get("/api/v1/charts/syncs?window=7d")).json()
    assert (sum(week["series"]["SUCCESS"]), len(week["times"])) == (2, 84)
    assert (await client.get("/api/v1/charts/syncs?window=1y")).status_code == 400


async def test_the_overview_in_numbers(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    empty = (await client.get("/api/v1/overview")).json()
    assert (empty["verdict"], empty["successRateToday"], empty["durationMs"]) == ("no_worker", None, None)
    add_sync()
    add_sync(status="FAILED")
    told = (await client.get("/api/v1/overview")).json()
    durations = {"p50": 40, "p95": 40, "since": NOW.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert (told["successRateToday"], told["durationMs"]) == (0.5, durations)
