"""The benchmark measures every page, and each address that it asks for is answered by its page."""

import re
from urllib.parse import urlsplit

from benchmarks.filling import Size, fill, signed_in
from benchmarks.pages import OUTSIDE, PAGES
from sqlalchemy import text

from hamgam.app.entrance import SESSION_COOKIE
from hamgam.app.web import create_app
from hamgam.db.engine import Database
from tests.web.conftest import Installation, asking
from tests.web.routes import operations

_NOW = text("SELECT now()")
OF_REMOTE_SYSTEMS = {"/connections/subscriptions", "/records/{entity}/{record}/compare"}
"""They take as long as the systems that they ask."""


def _page_of(address: str, paths: list[str]) -> str:
    """The first path that an address fits, as the router chooses."""
    asked = urlsplit(address).path
    return next(path for path in paths if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", path), asked))


async def test_every_page_is_measured(installation: Installation, db: Database) -> None:
    app = create_app(installation.context(db))
    paths = [each.path for each in operations(app) if each.is_page and each.method == "GET"]
    measured = {
        _page_of(path, paths) for path in [*PAGES.values(), *OUTSIDE.values()] if "/api/v1/" not in path
    }
    assert set(paths) - measured == OF_REMOTE_SYSTEMS


async def test_each_address_is_answered(db: Database) -> None:
    places = await fill(db, Size(customers=1_000, syncs=6_000))
    installation = Installation()
    installation.clock.now = (await db.execute(_NOW)).scalar_one()
    cookies = {SESSION_COOKIE: await signed_in(db)}
    async with asking(installation, db, proven=False) as client:
        answers = {path: (await client.get(path)).status_code for path in OUTSIDE.values()}
        client.cookies.update(cookies)
        for path in PAGES.values():
            answers[path] = (await client.get(path.format(**places))).status_code
    assert set(answers.values()) == {200}, answers
