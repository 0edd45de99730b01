"""The list of syncs and the story of one in a real Chromium, with scripts and without."""

from uuid import UUID

from playwright.sync_api import Browser, Locator, Page, expect

from hamgam.app.words import WORDS
from tests.web.browser import Watched, overflow
from tests.web.conftest import NOW, AddSync
from tests.web.test_every_page import serious

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


def test_a_wrong_day_is_told(served: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{served}/syncs?lang=en")
    page.get_by_label("From").fill("yesterday")
    page.get_by_label("From").blur()
    expect(page.locator("#syncs .error")).to_have_text(WORDS["en"]["wrong.from"])
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
