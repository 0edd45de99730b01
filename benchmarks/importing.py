"""The initial import of many contacts, and a poll over as many customers."""

import asyncio
from itertools import count
from typing import Any

from benchmarks.bare import items_per_second
from benchmarks.installation import LATENCY_SECONDS, Installation
from benchmarks.report import Figure

_CONCURRENCY = 10
_BARE_ITEMS = 1000
_CHANGED = 10
_OVERLAP_SECONDS = 1

_phones = count(9_000_000, 1000)


async def import_and_poll(site: Installation, contacts: int) -> list[Figure]:
    await site.ask("latency", seconds=LATENCY_SECONDS)
    async with site.piece("import", CRM_MAX_CONCURRENCY=str(_CONCURRENCY)) as running:
        before = running.rss_megabytes()
        watching = asyncio.create_task(running.peak_megabytes())
        result = await running.line()
        watching.cancel()
        peak = await watching
    memory = f"{peak:.0f} MB, {before:.0f} MB before it", peak
    assert result["complete"], result
    creates = [entry for entry in await site.ask("requests") if entry["operation"].endswith("/create")]
    polled = await _poll_figure(site, contacts)
    # Last, because it leaves many customers behind that nobody asked for.
    again = await site.bare_requests(creates[-1:])
    limit = await items_per_second(again, concurrency=_CONCURRENCY, items=_BARE_ITEMS)
    return [*_import_figures(contacts, result, memory, limit), polled]


def _import_figures(
    contacts: int, result: dict[str, Any], memory: tuple[str, float], limit: float
) -> list[Figure]:
    created, what = result["outcomes"]["created"], f"import of {contacts:,} contacts"
    rate = created / result["seconds"]
    cpu_ms = result["cpu_seconds"] / created * 1000
    text, peak = memory
    return [
        Figure(
            f"{what}, {_CONCURRENCY} at once",
            f"{rate:.0f} creates/s",
            f"{limit:.0f}/s",
            f"{rate / limit:.0%}",
            "≥ 95 %",
            rate / limit >= 0.95,
        ),
        Figure(f"{what}, CPU of a create", f"{cpu_ms:.2f} ms"),
        Figure(f"{what}, peak memory", text, budget="≤ 300 MB at 100,000", met=peak <= 300),
    ]


async def _poll_figure(site: Installation, contacts: int) -> Figure:
    """First the cursor goes past what the import wrote; then only what was changed since counts."""
    await _poll(site)
    await asyncio.sleep(2 * _OVERLAP_SECONDS)
    ids = (await site.ask("customers"))[: _CHANGED + 1]
    await site.ask("touch", crm_id=ids.pop())
    await _poll(site)
    await site.ask("change_phones", ids=ids, first=next(_phones))
    seconds, calls, queued = await _poll(site)
    assert queued == _CHANGED, queued
    return Figure(
        f"poll over {contacts:,} customers, {_CHANGED} changed",
        f"{seconds:.2f} s, {calls} calls",
        budget="< 1 s",
        met=seconds < 1,
    )


async def _poll(site: Installation) -> tuple[float, int, int]:
    await site.ask("requests")
    async with site.piece("poll", POLL_OVERLAP_SECONDS=str(_OVERLAP_SECONDS)) as running:
        result = await running.line()
    return result["seconds"], len(await site.ask("requests")), result["queued"]
