"""Customers and documents in a real Chromium: by keyboard, clicked twice, live, and without scripts."""

from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from hamgam.app.words import WORDS
from hamgam.persian import search_text
from tests.web.browser import Watched, overflow
from tests.web.conftest import GUID, AddSync
from tests.web.test_every_page import MOST_MOVED, serious, shifts

_LANGUAGES: list[Literal["fa", "en"]] = ["fa", "en"]
_UNREAD = "0e0e0e0e-0000-4000-8000-00000000000e"
_FIELDS = {"name": "سارا محمدی", "mobile": "09121112233"}


@pytest.fixture
def sara(database_url: str, add_sync: AddSync) -> None:
    """A customer who was skipped: number and name are known, and no mapping."""
    add_sync(status="SKIPPED", operation="NONE", reason="CHECKSUM_MATCH", sourceData={"fields": _FIELDS})
    searched = search_text([_FIELDS["name"], "77", GUID], [_FIELDS["mobile"]])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, kind, name, number, search)"""
            """ VALUES ('customer', %s, 'person', %s, '77', %s)""",
            [GUID, _FIELDS["name"], searched],
        )


def _waiting(database_url: str) -> int:
    with psycopg.connect(database_url, autocommit=True) as connection:
        counted = connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    assert counted is not None
    return int(counted[0])


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize("lang", _LANGUAGES)
def test_a_clerk_finds_a_customer_by_keyboard_and_asks_for_a_sync_with_a_double_click(
    served: str,
    database_url: str,
    watched: Watched,
    add_sync: AddSync,
    lang: Literal["fa", "en"],
) -> None:
    page, words = watched.page, WORDS[lang]
    page.goto(f"{served}/records?lang={lang}")
    page.keyboard.type("محمدي سارا")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="سارا محمدی").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("سارا محمدی")
    expect(page.locator("#live")).to_contain_text(words["records.next.none"])
    assert overflow(page) == 0
    page.get_by_role("button", name=words["records.sync"]).dblclick()
    expect(page.locator("#live")).to_contain_text(words["records.next.soon"])
    assert _waiting(database_url) == 1
    add_sync(status="SUCCESS", operation="CREATE", targetEntityId="234", reason=None)
    expect(page.locator("#live")).to_contain_text(words["records.did.CREATE"], timeout=20_000)
    assert watched.complaints == []


@pytest.mark.usefixtures("sara")
def test_everything_can_be_read_and_asked_for_without_scripts(
    served: str,
    database_url: str,
    chromium: Browser,
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page, words = context.new_page(), WORDS["en"]
    page.goto(f"{served}/records?lang=en")
    page.get_by_role("searchbox").fill("۰۹۱۲۱۱۱")
    page.get_by_role("button", name=words["records.search"]).click()
    page.get_by_role("link", name="سارا محمدی").click()
    page.get_by_role("button", name=words["records.sync"]).click()
    expect(page.locator("#live")).to_contain_text(words["records.next.soon"])
    assert _waiting(database_url) == 1
    page.get_by_role("link", name=words["records.compare"]).click()
    expect(page.get_by_role("alert")).to_have_text(words["compare.unreachable"])
    context.close()


@pytest.mark.usefixtures("sara")
def test_a_comparison_is_put_into_the_page(served: str, watched: Watched) -> None:
    page, words = watched.page, WORDS["en"]
    page.goto(f"{served}/records/customer/{GUID}?lang=en")
    page.get_by_role("link", name=words["records.compare"]).click()
    expect(page.locator("#comparison")).to_contain_text(words["compare.unreachable"])
    expect(page.get_by_role("heading", name=words["compare.title"])).to_be_focused()
    assert page.url.endswith(f"/records/customer/{GUID}?lang=en")
    expect(page.locator("#live")).to_contain_text(words["records.story"])


@pytest.mark.usefixtures("sara")
@pytest.mark.parametrize(
    "path",
    [
        "/records",
        "/records?q=77",
        "/records?q=nobody",
        f"/records?q={_UNREAD}",
        f"/records/customer/{GUID}",
        f"/records/quote/{_UNREAD}",
    ],
)
def test_everyone_can_read_what_was_found(served: str, chromium: Browser, path: str) -> None:
    for lang, scheme, width in (("fa", "light", 1280), ("en", "dark", 390)):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(f"{served}{path}{'&' if '?' in path else '?'}lang={lang}")
        assert shifts(page) < MOST_MOVED
        assert (serious(page), overflow(page)) == ([], 0)
        context.close()
