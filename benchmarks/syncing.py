"""Customer syncs by queue and worker: how many in a second, what they cost, and how many calls each makes."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any

from benchmarks.bare import items_per_second
from benchmarks.installation import Installation
from benchmarks.processes import Running, hamgam
from benchmarks.report import Figure
from hamgam.model import Entity

CONCURRENCY = 5
_ROUNDS = 3
_SYNCS = 300
_BARE_ITEMS = 200
_WARM = 20
_WAIT_SECONDS = 60

phones = count(1, 10_000)


@dataclass(frozen=True, slots=True)
class Round:
    per_second: float
    limit: float
    cpu_ms: float


async def throughput(site: Installation, filters: str, calls: int) -> list[Figure]:
    """Updates of mapped customers. `filters` is what the finance build honours."""
    await site.ask("filters", which=filters)
    ids = (await site.ask("customers"))[:_SYNCS]
    async with hamgam("worker", environment(site), site.folder) as worker:
        await sync_all(site, ids[:_WARM])
        await site.ask("requests")
        await sync_all(site, ids[:1])
        requests = await site.bare_requests(await site.ask("requests"))
        assert len(requests) == calls, [request.url for request in requests]
        rounds = []
        for _ in range(_ROUNDS):
            limit = await items_per_second(requests, concurrency=CONCURRENCY, items=_BARE_ITEMS)
            rounds.append(await _round(site, worker, ids, limit))
    return _figures(f"updates with {calls} calls each", rounds)


def environment(site: Installation) -> dict[str, str]:
    return dict(site.environment) | {"SYNC_CONCURRENCY": str(CONCURRENCY)}


async def _round(site: Installation, worker: Running, ids: list[str], limit: float) -> Round:
    before = worker.cpu_seconds()
    per_second = await sync_all(site, ids)
    return Round(per_second, limit, (worker.cpu_seconds() - before) / len(ids) * 1000)


async def sync_all(site: Installation, ids: list[str]) -> float:
    """Change, queue and await all; answers syncs per second between the first start and the last end."""
    await site.ask("change_phones", ids=ids, first=next(phones))
    since = datetime.now(UTC)
    await site.enqueue(Entity.CUSTOMER, ids)
    row = await ended(site, since, len(ids))
    assert row.statuses == ["SUCCESS"], row.statuses
    seconds: float = (row.last - row.first).total_seconds()
    return len(ids) / max(seconds, 0.001)


async def ended(site: Installation, since: datetime, number: int) -> Any:
    async with asyncio.timeout(_WAIT_SECONDS):
        while True:
            (row,) = await site.rows(
                'SELECT count(*) AS number, min("startedAt") AS first, max("completedAt") AS last,'
                ' array_agg(DISTINCT status) AS statuses FROM "SyncLog"'
                ' WHERE "startedAt" >= :since AND "completedAt" IS NOT NULL',
                since=since,
            )
            if row.number >= number:
                return row
            await asyncio.sleep(0.1)


def _figures(what: str, rounds: list[Round]) -> list[Figure]:
    ratio = median(one.per_second / one.limit for one in rounds)
    cpu = median(one.cpu_ms for one in rounds)
    return [
        Figure(
            f"{what}, {CONCURRENCY} at once",
            f"{median(one.per_second for one in rounds):.0f}/s",
            f"{median(one.limit for one in rounds):.0f}/s",
            f"{ratio:.0%}",
            "≥ 95 %",
            ratio >= 0.95,
        ),
        Figure(f"{what}, CPU of the worker", f"{cpu:.1f} ms", budget="≤ 5 ms", met=cpu <= 5),
    ]


async def calls_per_sync(site: Installation) -> list[Figure]:
    """Remote calls of each kind of sync, counted by the remote systems."""
    mapped = (await site.ask("customers"))[0]
    fresh = await site.ask("add_customer", number="CRM-1", national_code="0012345679")
    linked = await site.ask("add_customer", number="CRM-2", national_code="0023456780")
    await site.ask("add_contact", national_code="0023456780")
    figures = []
    async with hamgam("worker", environment(site), site.folder):
        await sync_all(site, [mapped])
        figures.append(await _calls(site, "create a customer", Entity.CUSTOMER, fresh))
        figures.append(await _calls(site, "link a customer that finance has", Entity.CUSTOMER, linked))
        await site.ask("change_phones", ids=[mapped], first=next(phones))
        figures.append(
            await _calls(site, "update a customer (finance reads one)", Entity.CUSTOMER, mapped, 3)
        )
        await site.ask("touch", crm_id=mapped)
        figures.append(await _calls(site, "unchanged customer", Entity.CUSTOMER, mapped, 1))
        invoice = await site.ask("add_invoice", customer=mapped)
        figures.append(await _calls(site, "invoice", Entity.INVOICE, invoice, 2))
    return figures


async def _calls(
    site: Installation, what: str, entity: Entity, crm_id: str, budget: int | None = None
) -> Figure:
    await site.ask("requests")
    since = datetime.now(UTC)
    await site.enqueue(entity, [crm_id])
    await ended(site, since, 1)
    asked = await site.ask("requests")
    kinds = Counter(f"{entry['system']} {entry['operation'].partition(':')[0]}" for entry in asked)
    value = f"{_calls_word(len(asked))}: " + ", ".join(f"{n} × {kind}" for kind, n in kinds.items())
    if budget is None:
        return Figure(what, value)
    return Figure(what, value, budget=_calls_word(budget), met=len(asked) <= budget)


def _calls_word(number: int) -> str:
    return f"{number} call" if number == 1 else f"{number} calls"
