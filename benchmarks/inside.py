"""`import` or `poll` in a process of its own, which says when it is ready and then its result."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hamgam.app.logs import configure
from hamgam.app.wiring import open_database, open_site, work
from hamgam.settings import Settings, load_settings
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.site import Site


async def _import(settings: Settings, site: Site) -> dict[str, Any]:
    watcher = Watcher(planned=lambda total: None, ended=lambda line: None)
    options = ImportOptions(concurrency=settings.crm_max_concurrency)
    result = await initial_import(site, options, watcher)
    return {"total": result.total, "complete": result.complete, "outcomes": dict(result.outcomes)}


async def _poll(settings: Settings, site: Site) -> dict[str, Any]:
    return {"queued": await work(settings, site).poll()}


_PIECES = {"import": _import, "poll": _poll}


async def _run(piece: str) -> None:
    settings = load_settings(os.environ, Path.cwd())
    async with open_database(settings) as db, open_site(settings, db) as site:
        _say({"ready": True})
        started, used = time.perf_counter(), time.process_time()
        result = await _PIECES[piece](settings, site)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
        _say(result | {"seconds": seconds, "cpu_seconds": cpu_seconds})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    configure("json", "warning")
    asyncio.run(_run(sys.argv[1]))
