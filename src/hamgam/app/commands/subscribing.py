"""`hamgam webhooks`."""

from collections.abc import Sequence

from hamgam.app import subscriptions
from hamgam.app.commands.output import console, print_json, table
from hamgam.app.subscriptions import address
from hamgam.app.wiring import open_database, open_site
from hamgam.settings import Settings


async def show(settings: Settings, *, as_json: bool) -> int:
    async with open_database(settings) as db, open_site(settings, db, read_only=True) as site:
        found = await subscriptions.listed(site, settings, "***")
    if as_json:
        print_json([{"id": s.id, "url": s.url, "events": s.events} for s in found])
    else:
        rows = ((s.id, s.url, ", ".join(s.events)) for s in found)
        console().print(table(("id", "url", "events"), rows))
    return 0


async def register(settings: Settings) -> int:
    address(settings)  # what is missing is told before anybody is asked
    async with open_database(settings) as db, open_site(settings, db) as site:
        await subscriptions.register(site, settings)
    console().print("registered")
    return 0


async def remove(settings: Settings, ids: Sequence[str]) -> int:
    if not ids:
        address(settings)
    async with open_database(settings) as db, open_site(settings, db) as site:
        removed = await subscriptions.remove(site, settings, ids)
    console().print(f"removed {removed}")
    return 0
