"""The list of syncs and the story of one in a real Chromium, with scripts and without."""

from uuid import UUID

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from hamgam.app.words import WORDS
from tests.web.browser import Watched, overflow
from tests.web.conftest import NOW, AddSync
from tests.web.test_every_page import MOST_MOVED, serious, shifts

ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
FIELDS = {"name": "سمیه محمدی", "mobile": "09121234567", "address": "خیابان_بسیار_بلند" * 9}


def _add(add_sync: AddSync, **values: object) -> None:
    failed = {"status": "FAILED", "reason": "WRONG_ADDRESS", "sourceData": {"fields": FIELDS}}
    add_sync(sourceEntityId="b", **failed | values)


def _failed(page: Page) -> Locator:
    return page.get_by_role("checkbox", name="Failed")


def test_filters_change_the_list_and_the_address(served: str, watched: Watched, add_sync: AddSync) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 900})
    _add(add_sync)
    add_sync(sourceEntityId="a")
    page.goto(f"{served}/syncs?lang=en")
    rows = page.locator("#syncs tbody tr")
    expect(rows).to_have_count(2)
    _failed(page).check()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(f"{served}/syncs?status=FAILED")
    expect(_failed(page)).to_be_focused()
    page.locator("[name=reason]").select_option("NO_LINES")
    expect(page.locator("#syncs h2")).to_have_text(WORDS["en"]["syncs.none_such"])
    page.go_back()
    expect(rows).to_have_count(1)
    assert watched.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_search_is_typed_and_sent_by_the_enter_key(
    served: str, chromium: Browser, add_sync: AddSync, database_url: str, scripts: bool
) -> None:
    add_sync(sourceEntityId="b")
    add_sync(sourceEntityId="a")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, name, number, search)"""
            """ VALUES ('customer', 'b', 'سمیه', '', ' سمیه ')"""
        )
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{served}/syncs?lang=en")
    expect(page.locator("#syncs tbody tr")).to_have_count(2)
    page.get_by_role("searchbox").fill("سميه")
    page.keyboard.press("Enter")
    expect(page.locator("#syncs tbody tr")).to_have_count(1)
    expect(page.locator(".chips")).to_contain_text("سميه")
    assert "q=%D8" in page.url
    context.close()


def test_the_other_language_keeps_the_filters(served: str, watched: Watched, add_sync: AddSync) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 900})
    _add(add_sync)
    other = page.locator("#other-language")
    page.goto(f"{served}/syncs?lang=en")
    expect(other).to_have_attribute("href", "/syncs?lang=fa")
    _failed(page).check()
    expect(other).to_have_attribute("href", "/syncs?status=FAILED&lang=fa")
    page.locator("[name=trigger]").select_option("POLL")
    expect(other).to_have_attribute("href", "/syncs?status=FAILED&trigger=POLL&lang=fa")
    page.go_back()
    expect(other).to_have_attribute("href", "/syncs?status=FAILED&lang=fa")
    expect(page.locator("[name=trigger]")).to_have_value("")
    page.go_forward()
    expect(page.locator("[name=trigger]")).to_have_value("POLL")
    expect(page.locator(".chips li")).to_have_count(2)
    other.click()
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.locator("[name=trigger]")).to_have_value("POLL")
    assert watched.complaints == []


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_phone_the_filters_are_folded(
    served: str, chromium: Browser, add_sync: AddSync, scripts: bool
) -> None:
    _add(add_sync)
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{served}/syncs?lang=en&status=FAILED&trigger=WEBHOOK")
    summary, form = page.locator(".fold summary"), page.locator("form.filters .fields")
    expect(summary).to_contain_text("2 on")
    expect(form).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_be_visible()
    row = page.locator("#syncs tbody tr").bounding_box()
    assert row is not None and row["y"] < 500
    summary.click()
    expect(form).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(summary).to_be_hidden()
    page.reload()
    expect(form).to_be_visible()
    context.close()


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_a_row_is_one_line_and_all_of_it_leads_to_the_sync(
    served: str, watched: Watched, add_sync: AddSync, lang: str
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 900})
    _add(add_sync, id=ID, errorMessage="x" * 900, entityType="PREINVOICE", startedAt=NOW.replace(year=2025))
    page.goto(f"{served}/syncs?lang={lang}")
    row = page.locator("#syncs tbody tr").bounding_box()
    assert row is not None and row["height"] < 42
    what = page.locator("#syncs td.what").bounding_box()
    assert what is not None
    page.mouse.click(what["x"] + what["width"] / 2, what["y"] + what["height"] / 2)
    expect(page).to_have_url(f"{served}/syncs/{ID}")


def test_a_sync_that_runs_is_followed_to_its_end(
    served: str, watched: Watched, add_sync: AddSync, database_url: str
) -> None:
    page = watched.page
    _add(add_sync, id=ID, status="IN_PROGRESS", reason=None, completedAt=None, durationMs=None)
    page.clock.install()
    page.goto(f"{served}/syncs/{ID}?lang=en")
    expect(page.locator(".said")).to_have_text(WORDS["en"]["told.IN_PROGRESS"])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""UPDATE "SyncLog" SET status = 'SUCCESS', "completedAt" = now()""")
    page.clock.run_for(3_000)
    expect(page.locator(".said")).to_have_text(WORDS["en"]["told.CRM_TO_FINANCE.UPDATE"])
    expect(page.locator("#story[hx-get]")).to_have_count(0)
    assert watched.complaints == []


def test_a_list_that_is_about_to_be_replaced_steps_back(
    served: str, watched: Watched, add_sync: AddSync
) -> None:
    _add(add_sync)
    page, held = watched.page, list[Route]()
    page.goto(f"{served}/syncs?lang=en")
    page.locator(".fold summary").click()
    page.route("**/syncs?*attention=true*", lambda route: held.append(route))
    syncs = page.locator("#syncs")
    before = syncs.bounding_box()
    page.locator("form.filters [name=attention]").check()
    expect(syncs).to_have_css("opacity", "0.5")
    assert syncs.bounding_box() == before
    held[0].continue_()
    expect(page.locator("#syncs .chips")).to_be_visible()
    expect(syncs).to_have_css("opacity", "1")
    assert watched.complaints == []


def test_a_wrong_day_is_told(served: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{served}/syncs?lang=en")
    page.locator(".fold summary").click()
    page.get_by_label("From").fill("yesterday")
    page.get_by_label("From").blur()
    expect(page.locator("#syncs .error")).to_have_text(WORDS["en"]["wrong.from"].format("2026-03-21"))
    expect(page.get_by_label("From")).to_have_value("yesterday")
    assert serious(page) == []


def test_what_is_new_is_announced_and_moves_nothing(served: str, watched: Watched, add_sync: AddSync) -> None:
    page = watched.page
    add_sync(sourceEntityId="a")
    page.clock.install()
    page.goto(f"{served}/syncs?lang=en")
    rows = page.locator("#syncs tbody tr")
    expect(rows).to_have_count(1)
    _add(add_sync, startedAt=NOW.replace(hour=22))
    page.clock.run_for(6_000)
    expect(page.locator("#fresh")).to_have_text("1 new; show")
    expect(rows).to_have_count(1)
    page.locator("#fresh a").click()
    expect(rows).to_have_count(2)
    assert watched.complaints == []


def test_the_story_can_be_read_by_all(served: str, chromium: Browser, add_sync: AddSync) -> None:
    _add(add_sync, id=ID, targetDataAfter=FIELDS, intent={"fields": FIELDS}, resolvedAt=NOW)
    for lang, scheme, width in (("fa", "light", 390), ("en", "dark", 1280)):
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = context.new_page()
        page.goto(f"{served}/syncs/{ID}?lang={lang}")
        assert shifts(page) < MOST_MOVED
        page.locator("summary").first.click()
        assert serious(page) == []
        assert overflow(page) == 0
        context.close()


def test_everything_is_read_without_javascript(served: str, chromium: Browser, add_sync: AddSync) -> None:
    _add(add_sync, id=ID)
    add_sync(sourceEntityId="a")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/syncs?lang=en")
    _failed(page).check()
    page.get_by_role("button", name="Show").click()
    rows = page.locator("#syncs tbody tr")
    expect(rows).to_have_count(1)
    rows.locator(".when a").click()
    expect(page.locator("h1").first).to_contain_text("سمیه محمدی")
    context.close()
