"""Whatever a page shows or does, a program can see and do by the API, in the same role."""

import pytest
from fastapi import FastAPI

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from tests.web.conftest import Installation
from tests.web.routes import operations

V1 = "/api/v1"
BY_API: dict[str, tuple[str, ...]] = {
    "GET /": ("GET /overview", "GET /charts/syncs", "GET /status", "GET /syncs"),
    "GET /live": ("GET /overview", "GET /status", "GET /syncs"),
    "GET /chart": ("GET /charts/syncs",),
    "GET /queue": ("GET /queue",),
    "GET /syncs": ("GET /syncs", "GET /syncs/count", "GET /syncs/export"),
    "GET /syncs/new": ("GET /syncs/count",),
    "GET /syncs/{id:path}": ("GET /syncs/{id}", "GET /syncs/{id}/story"),
    "GET /connections": ("GET /connections", "GET /webhooks"),
    "GET /connections/live": ("GET /connections",),
    "GET /connections/light": ("GET /overview",),
    "GET /connections/settings": ("GET /settings",),
    "POST /connections/probe": ("POST /connections/probe",),
    "POST /connections/reveal": ("POST /webhooks/reveal",),
    "GET /connections/subscriptions": ("GET /webhooks",),
    "POST /connections/subscriptions/register": ("POST /webhooks",),
    "POST /connections/subscriptions/remove": ("DELETE /webhooks/{subscription_id}",),
    "GET /import": ("GET /imports",),
    "GET /import/live": ("GET /imports", "GET /imports/{run_id}"),
    "GET /import/confirm": ("GET /imports",),
    "GET /import/{run_id}": ("GET /imports/{run_id}",),
    "GET /import/{run_id}/contacts": ("GET /imports/{run_id}/contacts",),
    "POST /import/start": ("POST /imports",),
    "POST /import/{run_id}/stop": ("POST /imports/{run_id}/stop",),
    "POST /import/{run_id}/resume": ("POST /imports/{run_id}/resume",),
    "GET /attention": ("GET /attention", "GET /bulk", "GET /bulk/count"),
    "GET /attention/{log_id}": ("GET /attention/{log_id}", "GET /attention/{log_id}/finance"),
    "POST /attention/{log_id}/retry": ("POST /attention/{log_id}/retry",),
    "GET /attention/{log_id}/settle": ("GET /attention/{log_id}",),
    "POST /attention/{log_id}/settle": ("POST /attention/{log_id}/settle",),
    "POST /attention/{log_id}/dismiss": ("POST /attention/{log_id}/dismiss",),
    "POST /attention/held/{stream}": ("POST /attention/held/{stream}/release",),
    "GET /attention/confirm": ("GET /bulk/count",),
    "POST /attention/bulk": ("POST /bulk",),
    "GET /attention/bulk/{bulk_id}": ("GET /bulk/{bulk_id}",),
    "GET /attention/bulk/{bulk_id}/live": ("GET /bulk/{bulk_id}",),
    "POST /attention/bulk/{bulk_id}/cancel": ("POST /bulk/{bulk_id}/cancel",),
    "GET /records": ("GET /records", "GET /records/linked"),
    "GET /records/{entity}/{record}": ("GET /records/{entity}/{record}",),
    "GET /records/{entity}/{record}/live": ("GET /records/{entity}/{record}",),
    "GET /records/{entity}/{record}/compare": ("GET /records/{entity}/{record}/compare",),
    "POST /records/{entity}/{record}/sync": ("POST /records/{entity}/{record}/sync",),
    "GET /people": ("GET /people", "GET /tokens"),
    "POST /people/add": ("POST /people",),
    "POST /people/{person_id}/role": ("PUT /people/{person_id}/role",),
    "POST /people/{person_id}/password": ("PUT /people/{person_id}/password",),
    "POST /people/{person_id}/remove": ("DELETE /people/{person_id}",),
    "POST /people/tokens/add": ("POST /tokens",),
    "POST /people/tokens/{token_id}/revoke": ("DELETE /tokens/{token_id}",),
    "GET /me": ("GET /me",),
    "POST /me/password": ("PUT /me/password",),
    "POST /sign-out": ("DELETE /me/session",),
}
OF_BROWSERS = {"GET /sign-in", "POST /sign-in", "GET /api/docs"}
"""A program comes with a token, and reads the document itself."""
NARROWER = {"GET /attention/confirm", "GET /attention/{log_id}/settle", "GET /import/confirm"}
"""Pages that lead to an action, and so ask for its role; the number that they show is for all."""


@pytest.fixture
def app(installation: Installation, db: Database) -> FastAPI:
    return create_app(installation.context(db))


def unnamed(app: FastAPI) -> set[str]:
    """Pages for which nobody has said where the API has the same."""
    return {str(each) for each in operations(app) if each.is_page} - set(BY_API) - OF_BROWSERS


def test_every_page_names_what_a_program_asks_for_instead(app: FastAPI) -> None:
    assert unnamed(app) == set()
    assert set(BY_API) | OF_BROWSERS <= {str(each) for each in operations(app)}

    @app.get("/new-page")
    async def new_page() -> None: ...

    assert unnamed(app) == {"GET /new-page"}


def test_the_api_has_it_in_the_same_role(app: FastAPI) -> None:
    known = {str(each): each for each in operations(app)}
    for page, same in BY_API.items():
        roles = {known[each.replace(" ", f" {V1}", 1)].role for each in same}
        assert None not in roles
        if page not in NARROWER:
            assert (page, roles) == (page, {known[page].role})
