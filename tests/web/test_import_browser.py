"""The import and the connections in a real Chromium: live without complaint, and of use without scripts."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, expect
from psycopg.types.json import Jsonb

from hamgam.app.words import WORDS
from tests.web.browser import Watched, overflow
from tests.web.conftest import NOW, TOKEN, Installation
from tests.web.test_every_page import MOST_MOVED, serious, shifts

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def installation() -> Installation:
    return Installation(
        {
            "enable_webhooks": True,
            "webhook_base_url": "https://hamgam.example.com",
            "webhook_token": TOKEN,
        },
        worker=True,
    )


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def _note(connection: Connection, run: str, state: str, created: int) -> None:
    connection.execute(
        'UPDATE "ImportRun" SET state = %s, "heardAt" = %s, "perSecond" = 10, counts = %s WHERE id = %s',
        (state, NOW, Jsonb({"total": 1000, "created": created, "skipped": 5}), run),
    )


def _colour(button: Locator) -> str:
    return str(button.evaluate("button => getComputedStyle(button).backgroundColor"))


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_an_import_is_started_followed_and_stopped(
    served: str, watched: Watched, connection: Connection, lang: str
) -> None:
    words, page = WORDS["fa" if lang == "fa" else "en"], watched.page
    page.goto(f"{served}/import?lang={lang}")
    expect(page.get_by_text(words["import.none"])).to_be_visible()
    plan = page.get_by_role("button", name=words["import.make_plan"])
    plain = page.get_by_role("button", name=words["import.to_confirm"])
    assert _colour(plan) != _colour(plain)
    plain.click()
    expect(page.get_by_text(words["import.doubt.NO_PLAN"])).to_be_visible()
    page.get_by_role("button", name=words["import.start.unplanned"]).click()
    expect(page.get_by_text(words["import.state.WAITING"]).first).to_be_visible()
    assert _colour(plan) == _colour(plain), "while a run is open, no other one is to begin"
    [[run]] = connection.execute('SELECT id::text FROM "ImportRun"').fetchall()
    _note(connection, str(run), "RUNNING", 100)
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("value", "105", timeout=15_000)
    _note(connection, str(run), "RUNNING", 400)
    expect(bar).to_have_attribute("value", "405", timeout=15_000)
    page.get_by_role("button", name=words["import.stop"]).click()
    expect(page.get_by_text(words["import.stopping"].format(words["people.nobody"]))).to_be_visible()
    _note(connection, str(run), "STOPPED", 410)
    expect(page.get_by_role("button", name=words["import.resume"])).to_be_visible(timeout=15_000)
    assert overflow(page) <= 0
    assert watched.complaints == []


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("state", ["RUNNING", "DONE"])
def test_everyone_can_read_one_import_and_its_contacts(
    served: str, watched: Watched, connection: Connection, lang: str, state: str
) -> None:
    page, run = watched.page, str(uuid4())
    connection.execute(
        """INSERT INTO "ImportRun" (id, "dryRun", state, "startedAt") VALUES (%s, true, %s, %s)""",
        (run, state, NOW),
    )
    _note(connection, run, state, 100)
    connection.execute(
        """INSERT INTO "PlannedContact" ("runId", position, code, name, kind, outcome)"""
        """ SELECT %s, n, n::text, repeat('x', 80), 'person', 'created' FROM generate_series(1, 120) AS n""",
        (run,),
    )
    for path in (f"/import/{run}", f"/import/{run}/contacts"):
        page.goto(f"{served}{path}?lang={lang}")
        assert shifts(page) < MOST_MOVED
        assert (path, serious(page), overflow(page)) == (path, [], 0)
    assert watched.complaints == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_the_light_turns_on_and_secrets_are_shown_on_demand(
    served: str, watched: Watched, connection: Connection, lang: str
) -> None:
    words, page = WORDS["fa" if lang == "fa" else "en"], watched.page
    page.goto(f"{served}/connections?lang={lang}")
    expect(page.get_by_text(words["hooks.waiting"])).to_be_visible()
    assert TOKEN not in page.content()
    connection.execute('INSERT INTO "WebhookDelivery" (entity, "crmId") VALUES (%s, %s)', ("customer", "x"))
    expect(page.get_by_text(words["hooks.heard"])).to_be_visible(timeout=15_000)
    assert overflow(page) <= 0
    page.get_by_role("button", name=words["hooks.reveal"]).click()
    expect(page.locator("#hook-api")).to_have_text(f"https://hamgam.example.com/webhook/crm/{TOKEN}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = page.locator("[data-copy=hook-api]")
    expect(copy).to_have_text(words["hooks.copy"])
    copy.click()
    expect(copy).to_have_text(words["hooks.copied"])
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#hook-api").inner_text()
    page.get_by_role("link", name=words["hooks.hide"]).click()
    expect(page.locator("#hook-api")).to_contain_text("•••")
    page.goto(f"{served}/connections/settings?lang={lang}")
    assert overflow(page) <= 0
    assert watched.complaints == []


def test_without_scripts_a_plan_is_asked_for_and_stopped(
    served: str, chromium: Browser, connection: Connection
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/import?lang=en")
    page.get_by_label(WORDS["en"]["import.limit"]).fill("25")
    page.get_by_text(WORDS["en"]["import.make_plan"]).click()
    assert connection.execute('SELECT "dryRun", "limit", state FROM "ImportRun"').fetchall() == [
        (True, 25, "WAITING")
    ]
    page.get_by_role("button", name=WORDS["en"]["import.stop"]).click()
    assert connection.execute('SELECT state, "stoppedBy" FROM "ImportRun"').fetchall() == [
        ("STOPPED", "local")
    ]
    page.goto(f"{served}/import/{uuid4()}")
    assert WORDS["en"]["refused.import"] in page.content()
    page.goto(f"{served}/connections")
    assert WORDS["en"]["hooks.waiting"] in page.content()
    context.close()
