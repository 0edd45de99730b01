"""Needs attention in a real Chromium: clicks count once, the bar moves by itself, all without scripts too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from hamgam.app.words import WORDS, Writer
from tests.web.browser import Watched, overflow
from tests.web.conftest import AddSync
from tests.web.test_every_page import MOST_MOVED, serious, shifts

_LANGUAGES: list[Literal["fa", "en"]] = ["fa", "en"]
_LONG = "شرکت_بازرگانی_بسیار_بلند" * 4


def several(add_sync: AddSync, count: int, **values: Any) -> None:
    for _ in range(count):
        row = {"status": "FAILED", "reason": "DUPLICATE_PHONE", "sourceEntityId": str(uuid4())}
        add_sync(**row | values)


def stored(database_url: str, query: str) -> list[Any]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def without_scripts(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_the_list_and_a_row_fit_every_screen(
    served: str, watched: Watched, add_sync: AddSync, lang: Literal["fa", "en"]
) -> None:
    several(add_sync, 2, sourceData={"fields": {"name": _LONG}}, errorMessage="x" * 300)
    several(add_sync, 1, status="CONFLICT", reason="AMBIGUOUS_MATCH", errorMessage="234, 235")
    page = watched.page
    page.goto(f"{served}/attention?lang={lang}")
    expect(page.locator("tbody tr")).to_have_count(3)
    for width in (390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert (width, overflow(page)) == (width, 0)
    page.get_by_role("link", name=WORDS[lang]["ask.resolve"]).click()
    expect(page.get_by_text(WORDS[lang]["ask.title.AMBIGUOUS_MATCH"])).to_be_visible()
    for width in (390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert (width, overflow(page)) == (width, 0)
    assert watched.complaints == []


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_a_field_stays_in_its_card_on_a_phone(
    served: str, watched: Watched, add_sync: AddSync, lang: str
) -> None:
    several(add_sync, 1)
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{served}/attention?lang={lang}")
    field = page.locator(".fields select[name=reason]")
    inner, card = field.bounding_box(), field.locator("xpath=ancestor::form").bounding_box()
    assert inner
    assert card
    assert card["x"] <= inner["x"]
    assert inner["x"] + inner["width"] <= card["x"] + card["width"]


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_everyone_can_read_a_row_an_action_and_a_refusal(
    served: str, watched: Watched, add_sync: AddSync, database_url: str, lang: str
) -> None:
    several(add_sync, 1, status="CONFLICT", reason="AMBIGUOUS_MATCH", errorMessage="234, 235")
    [(log_id, seen)] = stored(database_url, 'SELECT id, "transactionId" FROM "SyncLog"')
    page = watched.page
    settling = f"{log_id}/settle?answer="
    for path in (
        f"{log_id}",
        "x",
        f"{settling}235",
        f"{settling}absent",
        f"confirm?chosen=1&row={log_id}.{seen}",
    ):
        page.goto(f"{served}/attention/{path}{'&' if '?' in path else '?'}lang={lang}")
        assert shifts(page) < MOST_MOVED
        assert (path, serious(page), overflow(page)) == (path, [], 0)
    page.locator("button.main").click()
    expect(page.locator("#bulk")).to_be_visible()
    page.reload()
    assert shifts(page) < MOST_MOVED
    assert serious(page) == []


def conflict(add_sync: AddSync) -> None:
    source = {"kind": "person", "number": "900", "fields": {"name": _LONG, "mobile": "09121112233"}}
    reason = {"status": "CONFLICT", "reason": "AMBIGUOUS_MATCH", "errorMessage": "234, 235, 236, 237"}
    several(add_sync, 1, sourceData=source, **reason)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_contacts_are_fetched_by_themselves_and_where_that_fails_the_answers_stay(
    served: str, watched: Watched, add_sync: AddSync, database_url: str, lang: Literal["fa", "en"]
) -> None:
    conflict(add_sync)
    [(log_id,)] = stored(database_url, 'SELECT id FROM "SyncLog"')
    page, words = watched.page, WORDS[lang]
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{served}/attention/{log_id}?lang={lang}")
        expect(page.get_by_role("alert")).to_contain_text(words["ask.finance.by_code"])
        assert shifts(page) < MOST_MOVED
        assert (serious(page), overflow(page)) == ([], 0)
    expect(page.get_by_role("link", name=words["ask.finance.again"])).to_be_visible()
    expect(page.locator("table.contacts button")).to_have_count(4)
    page.get_by_role("button", name=f"{words['ask.exists.send']}: 236").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("236")
    assert watched.complaints == []


def test_without_scripts_a_link_reads_the_contacts(
    served: str, chromium: Browser, add_sync: AddSync, database_url: str
) -> None:
    conflict(add_sync)
    [(log_id,)] = stored(database_url, 'SELECT id FROM "SyncLog"')
    with without_scripts(chromium) as page:
        page.goto(f"{served}/attention/{log_id}?lang=en")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.get_by_role("link", name=WORDS["en"]["ask.finance"]).click()
        expect(page.get_by_role("alert")).to_contain_text(WORDS["en"]["ask.finance.by_code"])


def test_a_double_click_on_retry_counts_once(
    served: str, watched: Watched, add_sync: AddSync, database_url: str
) -> None:
    several(add_sync, 1)
    page = watched.page
    page.goto(f"{served}/attention?lang=en")
    page.get_by_role("button", name="Retry:").dblclick()
    expect(page.get_by_role("status").first).to_have_text(WORDS["en"]["ask.done.retried"])
    assert stored(database_url, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'sync'") == [(1,)]
    assert watched.complaints == []


def test_the_progress_moves_by_itself_and_ends(
    served: str, watched: Watched, add_sync: AddSync, database_url: str
) -> None:
    several(add_sync, 4)
    page = watched.page
    page.goto(f"{served}/attention?lang=en")
    page.get_by_label(WORDS["en"]["ask.choose.all"]).check()
    page.get_by_role("button", name=WORDS["en"]["ask.retry.chosen"]).click()
    page.get_by_role("button", name="Retry (4)").click()
    expect(page.locator("#bulk")).to_contain_text("0 of 4 have ended")
    bar = page.get_by_role("progressbar")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""UPDATE "BulkItem" SET outcome = 'DONE'""")
        ended = """UPDATE "BulkItem" SET ended = %s, "syncId" = "logId" WHERE "logId" IN
          (SELECT "logId" FROM "BulkItem" WHERE ended IS NULL LIMIT %s)"""
        connection.execute(ended, ("SUCCESS", 3))
        expect(page.locator("#bulk")).to_contain_text("3 of 4 have ended", timeout=15_000)
        expect(bar).to_have_attribute("value", "3")
        expect(bar).to_have_accessible_name("Retry of many rows: 3 of 4 have ended")
        expect(page.locator("#bulk").get_by_role("status")).to_have_text(WORDS["en"]["bulk.running"])
        connection.execute(ended, ("FAILED", 1))
    expect(page.locator("#bulk .pill")).to_have_text(WORDS["en"]["bulk.over"], timeout=15_000)
    page.get_by_role("link", name=WORDS["en"]["bulk.stage.FAILED"]).click()
    expect(page.locator("#bulk tbody tr")).to_have_count(1)
    assert serious(page) == []
    assert overflow(page) == 0
    assert watched.complaints == []


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_two_people_at_one_row_and_the_second_is_told_all_at_once(
    served: str, chromium: Browser, add_sync: AddSync, database_url: str, lang: Literal["fa", "en"]
) -> None:
    several(add_sync, 1, status="CONFLICT", reason="AMBIGUOUS_MATCH", errorMessage="234, 235")
    [(log_id,)] = stored(database_url, 'SELECT id FROM "SyncLog"')
    words, contexts = WORDS[lang], [chromium.new_context() for _ in range(2)]
    first, second = (context.new_page() for context in contexts)
    for page in (first, second):
        page.goto(f"{served}/attention/{log_id}?lang={lang}")
    for page, code in ((first, "235"), (second, "234")):
        page.get_by_role("button", name=f"{words['ask.exists.send']}: {code}").click()
    agreed = words["sure.yes.exists.CUSTOMER"]
    first.get_by_role("button", name=agreed).dblclick()
    expect(first.get_by_role("status")).to_contain_text("235")
    settled = stored(database_url, 'SELECT * FROM "SyncLog"')
    second.get_by_role("button", name=agreed).click()
    told = second.get_by_role("alert")
    expect(told).to_contain_text(words["ask.refused.settled"])
    expect(told).to_contain_text(words["ask.resolved.by"].format(Writer(lang).person("local")))
    expect(told).to_contain_text(words["ask.said.exists"].format("235"))
    assert (serious(second), overflow(second)) == ([], 0)
    assert stored(database_url, 'SELECT * FROM "SyncLog"') == settled
    assert stored(database_url, 'SELECT "financeId" FROM "EntityMapping"') == [("235",)]
    assert stored(database_url, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'sync'") == [(1,)]
    for context in contexts:
        context.close()


def test_a_double_click_on_dismissing_many_is_one_action(
    served: str, watched: Watched, add_sync: AddSync, database_url: str
) -> None:
    several(add_sync, 3)
    page = watched.page
    page.goto(f"{served}/attention?lang=en")
    page.get_by_label(WORDS["en"]["ask.choose.all"]).check()
    page.get_by_role("button", name=WORDS["en"]["ask.dismiss.chosen"]).click()
    page.get_by_label(WORDS["en"]["bulk.note"]).fill("نمونه‌های آزمایشی")
    assert (serious(page), overflow(page)) == ([], 0)
    page.get_by_role("button", name="Dismiss (3)").dblclick()
    expect(page.locator("#bulk")).to_contain_text("نمونه‌های آزمایشی")
    assert stored(database_url, 'SELECT what, note, total FROM "BulkAction"') == [
        ("dismiss", "نمونه‌های آزمایشی", 3)
    ]
    assert watched.complaints == []


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_a_clerk_without_scripts_settles_dismisses_and_retries_all(
    served: str, chromium: Browser, add_sync: AddSync, database_url: str, lang: Literal["fa", "en"]
) -> None:
    several(add_sync, 3)
    several(add_sync, 1, status="CONFLICT", reason="AMBIGUOUS_MATCH", errorMessage="234, 235")
    words = WORDS[lang]
    with without_scripts(chromium) as page:
        page.goto(f"{served}/attention?lang={lang}")
        page.get_by_role("link", name=words["ask.resolve"]).click()
        page.get_by_role("button", name=f"{words['ask.exists.send']}: 235").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("235")
        page.get_by_role("button", name=words["sure.yes.exists.CUSTOMER"]).click()
        expect(page.get_by_role("status")).to_contain_text("235")
        page.get_by_role("link", name=words["ask.open"]).first.click()
        page.get_by_label(words["ask.note"]).fill("با مشتری صحبت شد")
        page.get_by_role("button", name=words["ask.dismiss"]).click()
        expect(page.get_by_text(words["ask.done.dismissed"])).to_be_visible()
        page.locator("a.button[href*='what=retry']").click()
        page.locator("button.main").click()
        expect(page.locator("#bulk")).to_be_visible()
    said = stored(database_url, """SELECT resolution FROM "SyncLog" WHERE "resolvedBy" = 'local'""")
    assert sorted(map(str, said)) == ["({'dismissed': 'با مشتری صحبت شد'},)", "({'exists': '235'},)"]
    assert stored(database_url, 'SELECT total, "by" FROM "BulkAction"') == [(2, "local")]
