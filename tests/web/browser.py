"""A real Chromium for the tests of the pages, and what is watched in it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.web.chromium import ABSENT, find_chromium, may_be_absent

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def path_or_skip(own: str) -> str:
    """Where Chromium is; a test without one is skipped, or fails where every change is checked."""
    path = find_chromium(own)
    if path is None and may_be_absent(os.environ.get("CI")):
        pytest.skip(ABSENT)
    assert path is not None, ABSENT
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of one module: while it lives its event loop runs, and no other could in this thread."""
    with sync_playwright() as playwright:
        path = path_or_skip(playwright.chromium.executable_path)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, and everything that it complained about or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        """The browser itself gives up what the next page replaces."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    opened = Watched(context.new_page())
    opened.listen()
    yield opened
    context.close()


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
