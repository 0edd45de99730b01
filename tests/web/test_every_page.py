"""What holds for every page: it can be read by all, on every screen, in both languages, and stands still."""

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.browser import Watched, overflow
from tests.web.conftest import AddSync

PAGES = (
    "/",
    "/syncs",
    "/syncs?q=nobody",
    "/records",
    "/records?linked=CUSTOMER",
    "/attention",
    "/attention/confirm",
    "/import",
    "/queue",
    "/import/confirm",
    "/connections",
    "/connections/settings",
    "/people",
    "/me",
    "/api/docs",
)
MOST_MOVED = 0.05
_SCREENS = ((1280, 900), (390, 844))
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_SHIFTS = """
() => new Promise(resolve => {
  let moved = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => moved += entry.value))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(moved), 300);
})
"""


@pytest.fixture
def some_syncs(add_sync: AddSync) -> None:
    for number, status in enumerate(("SUCCESS", "FAILED", "CONFLICT", "IN_DOUBT", "SKIPPED", "PENDING")):
        source = {"fields": {"name": "شرکت_بازرگانی_بسیار_بلند" * 6}}
        add_sync(
            status=status,
            reason="WRONG_ADDRESS",
            sourceEntityId=f"{number:032x}",
            sourceData=source,
            errorMessage="x" * 199,
        )


def shifts(page: Page) -> float:
    """How far the page has moved by itself since it was opened, as browsers count it."""
    return float(page.evaluate(_SHIFTS))


def serious(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.usefixtures("some_syncs")
def test_everyone_can_read_it(served: str, chromium: Browser, path: str, lang: str) -> None:
    for scheme in _SCHEMES:
        for width, height in _SCREENS:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            watched = Watched(context.new_page())
            watched.listen()
            watched.page.goto(f"{served}{path}{'&' if '?' in path else '?'}lang={lang}")
            watched.page.evaluate("document.fonts.ready.then(() => true)")
            assert (path, scheme, width, serious(watched.page)) == (path, scheme, width, [])
            assert (path, width, overflow(watched.page)) == (path, width, 0)
            assert shifts(watched.page) < MOST_MOVED
            assert watched.complaints == []
            context.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("some_syncs")
def test_it_can_be_read_without_javascript(served: str, chromium: Browser, path: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    answer = page.goto(f"{served}{path}{'&' if '?' in path else '?'}lang=en")
    assert answer is not None and answer.status == 200
    assert page.locator("h1").first.is_visible()
    assert page.locator("h1, h2, h3").first.evaluate("heading => heading.tagName") == "H1"
    assert page.locator("h1").count() == 1
    assert len(page.locator("body").inner_text()) > 200
    context.close()
