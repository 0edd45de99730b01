"""The pages over a long history: 1,000,000 syncs of 100,000 customers."""

import time
from statistics import median, quantiles

import aiohttp
from sqlalchemy import text

from benchmarks.exporting import exports
from benchmarks.filters import GROUPS, RUN, Group, Times, slowest
from benchmarks.installation import Installation
from benchmarks.processes import hamgam
from benchmarks.report import Figure
from hamgam.trail.place import Place

_CUSTOMERS = 100_000
_SECONDS_APART = 6
_SYNCS = 1_000_000
_TIMES = 30
_OF_EACH = 15
_BUDGET_MS = 300
_PAGES = {
    "overview": "/?lang=fa",
    "overview, live part": "/live?lang=fa",
    "search by name": "/records?lang=fa&q=مشتري 777",
    "search for one letter": "/records?lang=fa&q=م",
    "search for one letter, far back": "/records?lang=fa&q=م&before={far_back}",
    "a customer's story": "/records/customer/c4ca4238-a0b9-2382-0dcc-509a6f75849b?lang=fa",
    "customers linked": "/records?lang=fa&linked=CUSTOMER",
    "customers linked, far back": "/records?lang=fa&linked=CUSTOMER&before={far_back}",
    "chart over 7 days": "/api/v1/charts/syncs?window=7d",
    "syncs": "/syncs?lang=fa",
    "syncs, several outcomes of one trigger": "/syncs?lang=fa&status=FAILED&status=SKIPPED&trigger=POLL",
    "syncs, for a reason that never occurred": "/syncs?lang=fa&status=CONFLICT&reason=MATCH_TAKEN",
    "syncs, of one record": "/syncs?lang=fa&entity=234",
    "syncs, searched by name": "/syncs?lang=fa&q=مشتري 7777",
    "syncs, of a thousand records that are found": "/syncs?lang=fa&q=مشتري 777",
    "syncs, searched for one letter": "/syncs?lang=fa&q=م",
    "one sync": "/syncs/{problem}?lang=fa",
    "needs attention": "/attention?lang=fa",
    "needs attention, one reason": "/attention?lang=fa&reason=DUPLICATE_PHONE",
    "needs attention, one row": "/attention/{problem}?lang=fa",
    "needs attention, before a bulk action": "/attention/confirm?lang=fa&reason=DUPLICATE_PHONE",
    "an action on 50,000 rows": "/attention/bulk/{action}?lang=fa",
    "an action on 50,000 rows, those that wait": "/attention/bulk/{action}?lang=fa&show=QUEUED",
    "queue": "/queue?lang=fa",
    "import": "/import?lang=fa",
    "connections": "/connections?lang=fa",
    "settings": "/connections/settings?lang=fa",
    "people": "/people?lang=fa",
}
_EXPORTED = 100_000
_PROBLEM = """SELECT id FROM "SyncLog" WHERE status = 'FAILED' AND "resolvedAt" IS NULL LIMIT 1"""

_HALF = (
    """SELECT "createdAt", id FROM "EntityMapping" ORDER BY "createdAt" DESC, id DESC OFFSET :half LIMIT 1"""
)

_MAPPINGS = """
INSERT INTO "EntityMapping"
  ("entityType", "crmId", "financeId", "crmEntity", kind, "lastSyncAt", "lastSyncSource",
   "createdAt")
SELECT 'CUSTOMER', md5(n::text)::uuid::text, n::text, 'customer', 'person', now(), 'CRM',
  now() - make_interval(secs => n)
FROM generate_series(1, :customers) AS n
"""
_LOG = """
INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", kind, direction, operation, status,
  reason, "triggerType", "triggerPayload",
  "sourceEntityId", "targetEntityId", "sourceData", "errorMessage", "startedAt",
  "completedAt", "durationMs", "resolvedAt", attempts)
SELECT gen_random_uuid(),
  CASE WHEN n % 17 = 0 THEN 'PREINVOICE' ELSE 'CUSTOMER' END,
  CASE WHEN n % 17 = 0 THEN 'invoice' ELSE 'customer' END,
  'person', 'CRM_TO_FINANCE',
  CASE WHEN n % 10 >= 7 THEN 'NONE' WHEN n % 13 = 0 THEN 'CREATE'
    WHEN n % 29 = 0 THEN 'LINK' ELSE 'UPDATE' END,
  CASE WHEN n % 1000 = 0 THEN (ARRAY['FAILED', 'CONFLICT', 'IN_DOUBT'])[1 + n / 1000 % 3]
    WHEN n % 10 < 7 THEN 'SUCCESS' ELSE 'SKIPPED' END,
  CASE WHEN n % 1000 = 0 THEN (ARRAY['DUPLICATE_PHONE', 'WRONG_ADDRESS', 'MATCH_TAKEN'])[1 + n / 3000 % 3]
    WHEN n % 10 < 7 THEN CASE WHEN n % 101 = 0 THEN 'CRM_PRIORITY' END
    ELSE (ARRAY['CHECKSUM_MATCH', 'TIME_GATE', 'OWN_TRANSACTION'])[1 + n % 11 % 3] END,
  (ARRAY['WEBHOOK', 'POLL', 'WEBHOOK', 'POLL', 'MANUAL', 'IMPORT', 'WEBHOOK'])[1 + n % 7],
  CASE WHEN n % 7 = 5 THEN jsonb_build_object('run', CAST(:run AS text)) END,
  md5((n % :customers + 1)::text)::uuid::text, (n % :customers + 1)::text,
  jsonb_build_object('kind', 'person', 'number', (n % :customers + 1)::text,
    'fields', jsonb_build_object('name', 'مشتری ' || n % :customers, 'mobile', '09' || lpad(n::text, 9, '0'))
  ),
  CASE WHEN n % 1000 = 0 THEN 'شماره تلفن همراه تکراری است' END,
  now() - make_interval(secs => n * :apart), now() - make_interval(secs => n * :apart - 1), 20 + n % 200,
  CASE WHEN n % 1000 = 0 AND n > 100000 THEN now() END,
  CASE WHEN n % 50 = 3 AND n % 7 <> 5 THEN jsonb_build_array(jsonb_build_object('endedAt', now())) END
FROM generate_series(:syncs, 1, -1) AS n
"""
"""Oldest first, as a log is written."""

_NAMES = """
INSERT INTO "RecordName" (entity, id, kind, name, number, search)
SELECT 'customer', md5(n::text)::uuid::text, 'person', 'مشتری ' || n, n::text,
  format(' مشتری%s %s %s 0098%s 0%s ', n, n, md5(n::text), 9000000000 + n, 9000000000 + n)
FROM generate_series(1, :customers) AS n
"""
_ACTION = """
WITH action AS (
  INSERT INTO "BulkAction" (id, what, "by", "startedAt", total, done)
  VALUES (gen_random_uuid(), 'retry', 'benchmark', now(), 50000, 50000) RETURNING id
), items AS (
  INSERT INTO "BulkItem" ("bulkId", "logId", seen, outcome, tries, record, ended, "syncId")
  SELECT action.id, s.id, gen_random_uuid(), 'DONE', 1, s."sourceEntity" || ':' || s."sourceEntityId",
    CASE WHEN s.status = 'SUCCESS' THEN s.status END, CASE WHEN s.status = 'SUCCESS' THEN s.id END
  FROM action, (SELECT * FROM "SyncLog" ORDER BY md5(id::text) LIMIT 50000) s
)
SELECT id FROM action
"""
"""A retry of rows from all of the log; most of its syncs have ended, the others wait."""


async def pages(site: Installation) -> list[Figure]:
    """Each page asked for many times in a row; the figures are the server's, without a browser."""
    async with hamgam("web", site.environment, site.folder) as server:
        await site.db.execute(text(_MAPPINGS), {"customers": _CUSTOMERS})
        await site.db.execute(text(_NAMES), {"customers": _CUSTOMERS})
        await site.db.execute(
            text(_LOG), {"customers": _CUSTOMERS, "syncs": _SYNCS, "apart": _SECONDS_APART, "run": RUN}
        )
        await site.db.execute(text("ANALYZE"))
        places = {
            "problem": (await site.db.execute(text(_PROBLEM))).scalar_one(),
            "action": (await site.db.execute(text(_ACTION))).scalar_one(),
            "far_back": await _far_back(site),
        }
        asked = {name: path.format(**places) for name, path in _PAGES.items()}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{site.environment['PORT']}") as client:
            figures = [_figure(name, await _times(client, path)) for name, path in asked.items()]
            figures += [await _slowest(client, group, far) for group in GROUPS for far in (False, True)]
            return figures + await exports(client, server, _SECONDS_APART, _EXPORTED)


async def _far_back(site: Installation) -> Place:
    """In the middle of the customers that are linked."""
    half = await site.db.execute(text(_HALF), {"half": _CUSTOMERS // 2})
    return Place(*half.one())


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
        f"{what}, {_SYNCS:,} syncs",
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
        budget=f"p95 ≤ {_BUDGET_MS} ms",
        met=p95 <= _BUDGET_MS,
    )
