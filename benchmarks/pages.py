"""The pages over a long history: 1,000,000 syncs of 100,000 customers."""

import time
from statistics import median, quantiles

import aiohttp

from benchmarks.exporting import exports
from benchmarks.filling import SECONDS_APART, Size, fill, signed_in
from benchmarks.filters import GROUPS, Group, Times, slowest
from benchmarks.installation import Installation
from benchmarks.processes import hamgam
from benchmarks.report import Figure
from hamgam.app.entrance import SESSION_COOKIE

_SIZE = Size(customers=100_000, syncs=1_000_000)
_TIMES = 30
_OF_EACH = 15
_BUDGET_MS = 300
PAGES = {
    "overview": "/?lang=fa",
    "overview, live part": "/live?lang=fa",
    "search by name": "/records?lang=fa&q=مشتري 777",
    "search for one letter": "/records?lang=fa&q=م",
    "search for one letter, far back": "/records?lang=fa&q=م&before={far_back}",
    "a customer's story": "/records/customer/c4ca4238-a0b9-2382-0dcc-509a6f75849b?lang=fa",
    "a customer's story, live part": "/records/customer/c4ca4238-a0b9-2382-0dcc-509a6f75849b/live?lang=fa",
    "a document's story": "/records/invoice/{document}?lang=fa",
    "customers linked": "/records?lang=fa&linked=CUSTOMER",
    "customers linked, far back": "/records?lang=fa&linked=CUSTOMER&before={far_back}",
    "chart over 7 days": "/api/v1/charts/syncs?window=7d",
    "overview, what the chart shows over 7 days": "/chart?lang=fa&window=7d",
    "syncs": "/syncs?lang=fa",
    "syncs, several outcomes of one trigger": "/syncs?lang=fa&status=FAILED&status=SKIPPED&trigger=POLL",
    "syncs, for a reason that never occurred": "/syncs?lang=fa&status=CONFLICT&reason=MATCH_TAKEN",
    "syncs, of one record": "/syncs?lang=fa&entity=234",
    "syncs, searched by name": "/syncs?lang=fa&q=مشتري 7777",
    "syncs, of a thousand records that are found": "/syncs?lang=fa&q=مشتري 777",
    "syncs, searched for one letter": "/syncs?lang=fa&q=م",
    "syncs, how many are new": "/syncs/new?lang=fa&cursor={since}",
    "one sync": "/syncs/{problem}?lang=fa",
    "needs attention": "/attention?lang=fa",
    "needs attention, one reason": "/attention?lang=fa&reason=DUPLICATE_PHONE",
    "needs attention, one row": "/attention/{problem}?lang=fa",
    "needs attention, before an answer is recorded": "/attention/{doubt}/settle?lang=fa&answer=999999999",
    "needs attention, before a bulk action": "/attention/confirm?lang=fa&reason=DUPLICATE_PHONE",
    "an action on 50,000 rows": "/attention/bulk/{action}?lang=fa",
    "an action on 50,000 rows, those that wait": "/attention/bulk/{action}?lang=fa&show=QUEUED",
    "an action on 50,000 rows, live part": "/attention/bulk/{action}/live?lang=fa",
    "queue": "/queue?lang=fa",
    "import": "/import?lang=fa",
    "import, live part": "/import/live?lang=fa",
    "import, before it starts": "/import/confirm?lang=fa",
    "one import": "/import/{run}?lang=fa",
    "a plan's 100,000 contacts": "/import/{plan}/contacts?lang=fa",
    "a plan's 100,000 contacts, far back": "/import/{plan}/contacts?lang=fa&outcome=skipped&after={far}",
    "connections": "/connections?lang=fa",
    "connections, live part": "/connections/live?lang=fa",
    "connections, whether the CRM has called": "/connections/light?lang=fa",
    "settings": "/connections/settings?lang=fa",
    "people": "/people?lang=fa",
    "one's own page": "/me?lang=fa",
    "the operations of the API": "/api/docs?lang=fa",
}
OUTSIDE = {"sign-in": "/sign-in?lang=fa"}
"""For those who are not signed in; with a session it leads to the overview."""
_EXPORTED = 100_000


async def pages(site: Installation) -> list[Figure]:
    """Each page asked for many times in a row; the figures are the server's, without a browser."""
    async with hamgam("web", site.environment, site.folder) as server:
        places = await fill(site.db, _SIZE)
        address = f"http://127.0.0.1:{site.environment['PORT']}"
        cookies = {SESSION_COOKIE: await signed_in(site.db)}
        async with aiohttp.ClientSession(address) as stranger:
            figures = [_figure(name, await _times(stranger, path)) for name, path in OUTSIDE.items()]
        async with aiohttp.ClientSession(address, cookies=cookies) as client:
            for name, path in PAGES.items():
                figures.append(_figure(name, await _times(client, path.format(**places))))
            figures += [await _slowest(client, group, far) for group in GROUPS for far in (False, True)]
            return figures + await exports(client, server, SECONDS_APART, _EXPORTED)


async def _slowest(client: aiohttp.ClientSession, group: Group, far_back: bool) -> Figure:
    times = await slowest(group, lambda path: _times(client, path, _OF_EACH), far_back=far_back)
    where = "far back" if far_back else "newest page"
    return _figure(f"syncs, {group.what} ({len(group.filters)}), {where}, the slowest", times)


async def _times(client: aiohttp.ClientSession, path: str, times: int = _TIMES) -> Times:
    took = []
    for _ in range(1 + times):
        started = time.perf_counter()
        async with client.get(path) as answer:
            body = await answer.read()
            assert answer.status == 200, (path, answer.status, body[:200])
        took.append((time.perf_counter() - started) * 1000)
    took.pop(0)  # which has made the templates and opened the connections
    return median(took), quantiles(took, n=20)[18]


def _figure(what: str, times: Times) -> Figure:
    p50, p95 = times
    return Figure(
        f"{what}, {_SIZE.syncs:,} syncs",
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
        budget=f"p95 ≤ {_BUDGET_MS} ms",
        met=p95 <= _BUDGET_MS,
    )
