"""A clerk at the browser: signs in, walks from page to page by what is written there, and looks at it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from hamgam.app.words import Lang, Writer
from tests.web.browser import ARGUMENTS, path_or_skip

PASSWORD = "a-long-password-of-a-clerk"
PATIENCE = 60_000
"""Milliseconds until something is given up; a slow machine is no failure."""


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """In the loop of the test, where the sandbox runs as well."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        path = path_or_skip(playwright.chromium.executable_path)
        opened = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        await opened.close()


class Clerk:
    """One person with a browser of their own. Everything is found by its words, as they would find it.

    `CLERK_PICTURES` names a folder that gets a picture of every step.
    """

    def __init__(self, page: Page, name: str, lang: Lang, address: str) -> None:
        self.page, self.name, self.lang, self.address = page, name, lang, address
        self.writer = Writer(lang)
        self.complaints: list[str] = []
        self._pictures = 0
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text))

    def word(self, key: str, *values: float | str) -> str:
        return self.writer.word(key, *values)

    async def sign_in(self) -> None:
        await self.page.goto(f"{self.address}/?lang={self.lang}")
        await self.page.get_by_label(self.word("people.name")).fill(self.name)
        await self.page.get_by_label(self.word("people.password")).fill(PASSWORD)
        await self.button("sign_in").click()
        await expect(self.page.get_by_role("button", name=self.name)).to_be_visible()

    async def go(self, word: str) -> None:
        """To a page, by the navigation of the frame."""
        pages = self.page.get_by_role("navigation", name=self.word("nav.pages"))
        await pages.get_by_role("link", name=self.word(word), exact=True).click()
        await expect(pages.locator("[aria-current=page]")).to_have_text(self.word(word))

    def button(self, key: str, *values: float | str) -> Locator:
        return self.page.get_by_role("button", name=self.word(key, *values))

    def link(self, key: str, *values: float | str) -> Locator:
        return self.page.get_by_role("link", name=self.word(key, *values))

    def panel(self, key: str) -> Locator:
        """The part of a page under this heading."""
        heading = self.page.get_by_role("heading", name=self.word(key))
        return self.page.locator("section").filter(has=heading)

    async def reads(self, key: str, *values: float | str) -> None:
        await self.reads_text(self.word(key, *values))

    async def reads_text(self, text: str) -> None:
        await expect(self.page.get_by_text(text, exact=True).first).to_be_visible()

    async def picture(self, what: str) -> None:
        if folder := os.environ.get("CLERK_PICTURES"):
            self._pictures += 1
            path = Path(folder) / f"{self.lang}-{self._pictures:02d}-{what}.png"
            await self.page.screenshot(path=path, full_page=True)


@asynccontextmanager
async def at_work(chromium: Browser, name: str, lang: Lang, address: str) -> AsyncIterator[Clerk]:
    """Somebody who has signed in, in a browser that shares nothing with anybody else's."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 860})
    clerk = Clerk(await context.new_page(), name, lang, address)
    await clerk.sign_in()
    yield clerk
    await context.close()
