"""Takes the four pictures of the README from a running `hamgam demo`, signed in as an admin.

Let people work there for some minutes first. The first run adds the admin, a later one signs in.
"""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.browser import ARGUMENTS
from tests.web.chromium import find_chromium

NAME, PASSWORD = "maryam", "only-for-the-pictures"
PICTURES: tuple[tuple[str, str, Literal["light", "dark"], str], ...] = (
    ("overview.en.dark.png", "en", "dark", "/"),
    ("overview.fa.png", "fa", "light", "/"),
    ("syncs.fa.dark.png", "fa", "dark", "/syncs"),
    ("story.en.png", "en", "light", "/syncs?operation=UPDATE&status=SUCCESS"),
)
"""File, language, colours, and page; of a filtered list the story of its first row."""


def main(address: str = "http://127.0.0.1:3000", folder: str = "docs/images") -> None:
    with sync_playwright() as playwright:
        path = find_chromium(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name, lang, colours, place in PICTURES:
            page = signed_in(browser, address.rstrip("/"), lang, colours)
            page.goto(f"{address.rstrip('/')}{place}")
            if "?" in place:
                page.locator("tbody .when a").first.click()
            page.wait_for_timeout(1000)
            page.screenshot(path=Path(folder) / name)
        browser.close()


def signed_in(browser: Browser, address: str, lang: str, colours: Literal["light", "dark"]) -> Page:
    page = browser.new_page(viewport={"width": 1240, "height": 860}, color_scheme=colours)
    page.goto(f"{address}/people?lang={lang}")
    for form in ("/people/add", "/sign-in"):
        fields = page.locator(f"form[action='{form}']")
        if fields.count():
            fields.locator("[name=name]").fill(NAME)
            fields.locator("[name=password]").fill(PASSWORD)
            fields.locator("button").click()
            page.wait_for_load_state()
    return page


if __name__ == "__main__":
    main(*sys.argv[1:])
