"""Sign-in, sign-out and people in a real Chromium, in both languages."""

from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from hamgam.app.words import WORDS
from tests.web.browser import Watched, overflow
from tests.web.conftest import NOW
from tests.web.test_every_page import serious
from tests.web.test_signing_in import HASH, PASSWORD

Lang = Literal["fa", "en"]
LANGUAGES: list[Lang] = ["fa", "en"]
A_LINE = 56
"""The most pixels that a line of the frame may take."""


@pytest.fixture(autouse=True)
def boss(database_url: str) -> None:
    """An admin, before anybody asks the service."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO "User" (name, "nameKey", role, "passwordHash", "createdAt")"""
            """ VALUES ('مریم رضایی', 'مریم رضایی', 'admin', %s, %s)""",
            [HASH, NOW],
        )


def sign_in(page: Page, lang: Lang, password: str = PASSWORD) -> None:
    words = WORDS[lang]
    page.get_by_label(words["people.name"]).fill("مريم  رضايي")
    page.get_by_label(words["people.password"]).fill(password)
    page.get_by_role("button", name=words["sign_in"]).click()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_person_comes_in_works_and_leaves(served: str, watched: Watched, lang: Lang) -> None:
    page, words = watched.page, WORDS[lang]
    page.goto(f"{served}/sign-in?next=/people&lang={lang}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "fa" else "ltr")
    assert (serious(page), overflow(page)) == ([], 0)
    sign_in(page, lang, "wrong")
    expect(page.get_by_role("alert")).to_have_text(words["sign_in.failed"])
    assert any("401" in complaint for complaint in watched.complaints)
    watched.complaints.clear()

    sign_in(page, lang)
    expect(page).to_have_url(f"{served}/people")
    form = page.get_by_role("form", name=words["people.add"])
    form.get_by_label(words["people.name"]).fill("Ali")
    form.get_by_label(words["people.password"]).fill(PASSWORD)
    form.get_by_role("button").click()
    expect(page.get_by_role("status").first).to_have_text(words["people.done.added"])
    page.get_by_role("row", name="Ali").locator("summary").first.click()
    page.get_by_role("row", name="Ali").get_by_text(words["people.remove"]).click()
    assert (serious(page), overflow(page)) == ([], 0)

    page.goto(f"{served}/me")
    expect(page.get_by_role("heading", level=1)).to_have_text("مریم رضایی")
    assert (serious(page), overflow(page)) == ([], 0)
    assert watched.complaints == []


def test_a_page_whose_session_has_ended_asks_for_a_sign_in(
    served: str, watched: Watched, database_url: str
) -> None:
    page = watched.page
    page.goto(f"{served}/sign-in?lang=en")
    sign_in(page, "en")
    expect(page.locator("#live")).to_be_visible()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute('DELETE FROM "UserSession"')
    expect(page.get_by_role("button", name=WORDS["en"]["sign_in"])).to_be_visible(timeout=15_000)
    sign_in(page, "en")
    expect(page.locator("#live")).to_be_visible()


def test_it_works_without_javascript(served: str, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/people?lang=en")
    page.goto(f"{served}/sign-in?next=/people&lang=en")
    sign_in(page, "en")
    expect(page).to_have_url(f"{served}/people")
    form = page.get_by_role("form", name=WORDS["en"]["tokens.add"])
    form.get_by_label(WORDS["en"]["tokens.name"]).fill("backup")
    form.get_by_role("button").click()
    expect(page.locator(".secret code")).to_contain_text("hamgam_")
    removing = page.locator('form[action$="/remove"]')
    expect(removing.get_by_role("button", include_hidden=True)).to_be_hidden()
    page.locator(".acts summary").first.click()
    expect(removing.get_by_role("button", include_hidden=True)).to_be_hidden()
    page.locator("summary", has_text=WORDS["en"]["people.remove"]).click()
    removing.get_by_role("button", name=WORDS["en"]["people.remove.sure"]).click()
    expect(page.get_by_role("alert")).to_have_text(WORDS["en"]["people.not.last_user"])
    expect(page.get_by_role("alert")).to_be_focused()
    context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_that_was_refused_leads_to_what_is_wrong(served: str, watched: Watched, lang: Lang) -> None:
    page, words = watched.page, WORDS[lang]
    page.goto(f"{served}/sign-in?next=/people&lang={lang}")
    sign_in(page, lang)
    form = page.get_by_role("form", name=words["people.add"])
    form.get_by_label(words["people.name"]).fill("local")
    form.get_by_label(words["people.role"]).select_option("operator")
    form.get_by_label(words["people.password"]).fill(PASSWORD)
    form.get_by_role("button").click()
    name = form.get_by_label(words["people.name"])
    expect(name).to_be_focused()
    expect(name).to_have_value("local")
    expect(name).to_have_accessible_description(words["people.not.name_wrong"])
    expect(form.get_by_label(words["people.role"])).to_have_value("operator")
    expect(form.get_by_label(words["people.password"])).to_have_value("")
    assert (serious(page), overflow(page)) == ([], 0)


def test_a_form_of_another_site_changes_nothing(served: str, chromium: Browser, database_url: str) -> None:
    """The browser says where it comes from, and sends no cookie along."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{served}/sign-in?lang=en")
    sign_in(page, "en")
    expect(page.locator("#live")).to_be_visible()
    elsewhere = served.replace("127.0.0.1", "localhost")
    form = f'<form method="post" action="{served}/people/tokens/add"><input name="name" value="evil"></form>'
    page.route(f"{elsewhere}/evil", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto(f"{elsewhere}/evil")
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute('SELECT count(*) FROM "ApiToken"').fetchall() == [(0,)]
    context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_frame_keeps_its_lines(served: str, watched: Watched, lang: Lang) -> None:
    """One line, or two with the pages below; who is signed in stands at the end of the first."""
    page = watched.page
    page.goto(f"{served}/sign-in?next=/people&lang={lang}")
    assert page.locator(".top").evaluate("top => top.offsetHeight") <= A_LINE
    sign_in(page, lang)
    for width, lines in ((320, 2), (390, 2), (640, 2), (1100, 2), (1280, 1), (1920, 1)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{served}/people?lang={lang}")
        top, brand, pages, around = (
            page.locator(part).bounding_box() for part in (".top", ".brand", ".pages", ".around")
        )
        assert top and brand and pages and around
        assert top["height"] <= lines * A_LINE
        assert middle(around) == pytest.approx(middle(brand), abs=2)
        assert (middle(pages) == pytest.approx(middle(brand), abs=2)) is (lines == 1)
        margin = around["x"] if lang == "fa" else width - around["x"] - around["width"]
        assert margin <= 2 * 16
        expect(page.locator(".pages [aria-current]")).to_be_in_viewport(ratio=1)
        assert overflow(page) == 0


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_menu_is_for_keyboards_too(served: str, chromium: Browser, lang: Lang, scripts: bool) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    page, words = context.new_page(), WORDS[lang]
    page.goto(f"{served}/sign-in?next=/me&lang={lang}")
    sign_in(page, lang)
    who = page.get_by_role("button", name="مریم رضایی")
    out = page.get_by_role("button", name=words["sign_out"])
    expect(out).to_be_hidden()
    who.press("Enter")
    expect(out).to_be_visible()
    if scripts:
        assert (serious(page), overflow(page)) == ([], 0)
    page.keyboard.press("Escape")
    expect(out).to_be_hidden()
    expect(who).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(out).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=words["sign_in"])).to_be_visible()
    context.close()


def middle(box: FloatRect) -> float:
    return box["y"] + box["height"] / 2
