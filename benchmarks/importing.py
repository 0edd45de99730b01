"""The initial import of many contacts, and a poll."""

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


async def imported(site: Installation, contacts: int) -> list[Figure]:
    await site.ask("latency", seconds=LATENCY_SECONDS)
    async with site.piece("import", CRM_MAX_CONCURRENCY=str(_CONCURRENCY)) as running:
        result = await running.line()
    assert result["complete"], result
    creates = [entry for entry in await site.ask("requests") if entry["operation"].endswith("/create")]
    # Last, because it leaves many customers behind that nobody asked for.
    again = await site.bare_requests(creates[-1:])
    limit = await items_per_second(again, concurrency=_CONCURRENCY, items=_BARE_ITEMS)
    return _import_figures(contacts, result, limit)


def _import_figures(contacts: int, result: dict[str, Any], limit: float) -> list[Figure]:
    created, what = result["outcomes"]["created"], f"import of {contacts:,} contacts"
    rate = created / result["seconds"]
    cpu_ms = result["cpu_seconds"] / created * 1000
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
    ]


async def poll_ten_changed(site: Installation) -> tuple[float, int]:
    """Its seconds and calls. The cursor first goes past what the import wrote; only later changes count."""
    await _poll(site)
    await asyncio.sleep(2 * _OVERLAP_SECONDS)
    ids = (await site.ask("customers"))[: _CHANGED + 1]
    await site.ask("touch", crm_id=ids.pop())
    await _poll(site)
    await site.ask("change_phones", ids=ids, first=next(_phones))
    seconds, calls, queued = await _poll(site)
    assert queued == _CHANGED, queued
    return seconds, calls


async def _poll(site: Installation) -> tuple[float, int, int]:
    await site.ask("requests")
    async with site.piece("poll", POLL_OVERLAP_SECONDS=str(_OVERLAP_SECONDS)) as running:
        result = await running.line()
    return result["seconds"], len(await site.ask("requests")), result["queued"]
