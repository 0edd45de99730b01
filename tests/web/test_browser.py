"""The overview in a real Chromium, in both languages, on a desk and on a telephone."""

from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from hamgam.app.entrance import POLLING
from hamgam.app.words import WORDS, Writer
from tests.web.browser import Watched, overflow
from tests.web.conftest import GUID, NOW, AddSync
from tests.web.test_every_page import serious

_LANGUAGES: list[Literal["fa", "en"]] = ["fa", "en"]


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_the_page_is_live_calm_and_on_its_own(
    served: str, watched: Watched, add_sync: AddSync, lang: Literal["fa", "en"]
) -> None:
    page = watched.page
    long = "شرکت_بازرگانی_بسیار_بلند" * 6
    for i, status in enumerate(("SUCCESS", "FAILED", "CONFLICT", "IN_DOUBT")):
        source = {"fields": {"name": long}}
        add_sync(
            status=status,
            sourceEntityId=str(i),
            sourceData=source,
            reason="WRONG_ADDRESS",
            errorMessage="x" * 199,
        )
    page.goto(f"{served}/?lang={lang}")
    rows = page.locator("tr[id^=log-]")
    expect(rows).to_have_count(4)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if lang == "fa" else "ltr")

    add_sync(sourceData={"fields": {"name": "Nilufar"}}, sourceEntityId="new", startedAt=NOW.replace(hour=22))
    expect(rows).to_have_count(5, timeout=15_000)
    expect(rows.first).to_contain_text("Nilufar")
    expect(rows.first.locator(".pill")).to_have_text(WORDS[lang]["SUCCESS"])
    expect(page.locator(".stale")).to_be_hidden()
    expect(page.locator(".plot canvas")).to_be_visible()

    for width in (390, 700, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert (width, overflow(page)) == (width, 0)
    assert page.evaluate("document.fonts.check('16px Vazirmatn')")
    assert watched.hosts == {urlsplit(served).netloc}
    assert watched.complaints == []


def test_the_page_works_without_javascript(served: str, chromium: Browser, add_sync: AddSync) -> None:
    add_sync(sourceData={"fields": {"name": "Nilufar"}})
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}/?lang=en")
    expect(page.locator("tr[id^=log-]")).to_contain_text("Nilufar")
    expect(page.locator(".plot")).to_be_hidden()
    expect(page.locator("#figures table")).to_be_visible()
    page.get_by_text("فارسی").click()
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    context.close()


def test_what_a_page_asks_by_itself_is_marked_and_what_a_person_asks_is_not(
    served: str, watched: Watched, add_sync: AddSync
) -> None:
    page, asked = watched.page, set[tuple[str, bool]]()

    def note(request: Request) -> None:
        if request.resource_type in ("fetch", "xhr"):
            asked.add((urlsplit(request.url).path, POLLING in request.headers))

    page.on("request", note)
    page.clock.install()
    add_sync(status="IN_PROGRESS", sourceEntityId=GUID)
    record, seconds = f"/records/customer/{GUID}", 16
    for path in ("/", "/syncs", "/import", "/connections", record):
        page.goto(f"{served}{path}?lang=en")
        for _ in range(0, seconds, 2):
            page.clock.run_for(2_000)
            page.wait_for_load_state("networkidle")
    polled = {"/live", "/chart", "/api/v1/charts/syncs", "/syncs/new", "/import/live"}
    polled |= {"/connections/live", "/connections/light"}
    assert asked == {(path, True) for path in polled | {f"{record}/live"}}
    asked.clear()
    page.goto(f"{served}/syncs?lang=en")
    page.locator(".fold summary").click()
    with page.expect_response("**/syncs?*attention=true*"):
        page.locator("form.filters [name=attention]").check()
        page.clock.run_for(1_000)
    assert ("/syncs", False) in asked


@pytest.mark.parametrize("path", ["/", "/import", "/connections"])
def test_a_page_that_is_no_longer_live_says_so(served: str, watched: Watched, path: str) -> None:
    """A proxy answers for a service that restarts, and its answers are no part of the page."""
    page, refused = watched.page, iter([502, 503, 403])
    page.clock.install()
    page.goto(f"{served}{path}?lang=en")
    expect(page.locator(".stale")).to_be_hidden()
    page.route("**/live*", lambda route: route.fulfill(status=next(refused), body="<h1>Bad Gateway</h1>"))
    heading = page.locator("h1").first.inner_text()
    for _ in range(3):
        with page.expect_response("**/live*"):
            page.clock.run_for(2_000)
    page.unroute("**/live*")
    page.route("**/live*", lambda route: route.abort())
    page.clock.run_for(15_000)
    expect(page.locator(".stale")).to_have_text(WORDS["en"]["stale"])
    expect(page.locator("h1").first).to_have_text(heading)
    page.unroute("**/live*")
    page.clock.run_for(4_000)
    expect(page.locator(".stale")).to_be_hidden()


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_a_part_that_is_refused_says_so_above_what_stands(
    served: str, watched: Watched, lang: Literal["fa", "en"]
) -> None:
    page = watched.page
    page.goto(f"{served}/?lang={lang}")
    page.route("**/live*", lambda route: route.continue_(url=f"{served}/nowhere?lang={lang}"))
    notice = page.locator("#notice [role=alert]")
    expect(notice).to_contain_text(WORDS[lang]["refused.404"], timeout=15_000)
    expect(page.locator("main#live")).to_be_visible()
    assert (serious(page), overflow(page)) == ([], 0)
    page.unroute("**/live*")
    expect(notice).to_have_count(0, timeout=15_000)


@pytest.mark.parametrize("lang", _LANGUAGES)
def test_a_form_of_a_page_that_was_too_old_leads_back_to_it(
    served: str, watched: Watched, lang: Literal["fa", "en"]
) -> None:
    page = watched.page
    page.goto(f"{served}/people?lang={lang}")
    page.context.clear_cookies(name="hamgam-form")
    form = page.locator("form[action='/people/tokens/add']")
    form.locator("input[name=name]").fill("a program")
    form.get_by_role("button").click()
    expect(page.locator("h1")).to_have_text(WORDS[lang]["refused.old"])
    assert (serious(page), overflow(page)) == ([], 0)
    page.get_by_role("link", name=WORDS[lang]["refused.back"]).click()
    expect(page).to_have_url(f"{served}/people?lang={lang}")
    form.locator("input[name=name]").fill("a program")
    form.get_by_role("button").click()
    expect(page.locator("body")).to_contain_text("hamgam_")


def test_the_documentation_needs_no_script(served: str, watched: Watched) -> None:
    watched.page.goto(f"{served}/api/docs?lang=en")
    expect(watched.page.locator("h1")).to_have_text("API")
    assert overflow(watched.page) == 0
    assert watched.hosts == {urlsplit(served).netloc}
    assert watched.complaints == []


def test_the_chart_tells_what_lies_under_the_pointer_and_outlives_the_live_part(
    served: str, watched: Watched, add_sync: AddSync
) -> None:
    page = watched.page
    add_sync()
    add_sync(status="FAILED", reason="INTERNAL")
    page.goto(f"{served}/?lang=en&window=7d")
    expect(page.locator(".choice a[aria-current]")).to_have_text(WORDS["en"]["window.7d"])
    canvas = page.locator(".plot canvas")
    expect(canvas).to_be_visible()
    drawn = canvas.element_handle()
    add_sync(sourceEntityId="another")
    expect(page.locator("tr[id^=log-]")).to_have_count(3, timeout=15_000)
    assert drawn is not None and drawn.evaluate("canvas => canvas.isConnected")
    page.locator(".plot").scroll_into_view_if_needed()
    box = page.locator(".plot .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 60)
    expect(page.locator(".at")).to_contain_text(f"{WORDS['en']['FAILED']} 1")
    assert watched.complaints == []


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_the_chart_writes_numbers_as_the_page_does(
    served: str, watched: Watched, lang: Literal["fa", "en"]
) -> None:
    page = watched.page
    series = {status: [1234567] for status in ("SUCCESS", "SKIPPED", "CONFLICT", "IN_DOUBT", "FAILED")}
    counted = {"times": [1_000_000_000], "series": series, "spanSeconds": 60}
    page.route("**/api/v1/charts/**", lambda route: route.fulfill(json=counted))
    page.goto(f"{served}/?lang={lang}")
    for x in range(200):  # the chart follows a mouse that goes on moving, once it has found its own place
        page.locator(".u-over").hover(position={"x": 200 + x, "y": 60})
        if page.locator(".at").text_content():
            break
    expect(page.locator(".at")).to_contain_text(Writer(lang).number(1234567))


def test_an_open_table_of_the_chart_stays_open_and_is_kept_fresh(
    served: str, watched: Watched, add_sync: AddSync
) -> None:
    page = watched.page
    page.clock.install()
    add_sync()
    page.goto(f"{served}/?lang=en&window=7d")
    page.get_by_text(WORDS["en"]["chart.table"]).click()
    rows = page.locator("#figures tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("link")).to_have_text("1")
    add_sync(sourceEntityId="another")
    page.clock.run_for(16_000)
    expect(rows.get_by_role("link")).to_have_text("2")
    expect(page.locator("#figures table")).to_be_visible()
    expect(page.locator(".legend .SUCCESS b")).to_have_text("2")
    assert watched.complaints == []
