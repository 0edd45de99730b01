"""`python -m benchmarks`, a quarter of an hour, most of it for 100,000 contacts and 1,000,000 syncs."""

import argparse
import asyncio
from collections.abc import AsyncIterator

from benchmarks import acting, importing, serving, syncing, workers
from benchmarks.growth import growth
from benchmarks.installation import LATENCY_SECONDS, installation
from benchmarks.pages import pages
from benchmarks.report import Figure, show, write

_FEW = 400
_IMPORTED = 5_000
_PARTS = ("syncs", "workers", "calls", "idle", "webhooks", "import", "acting", "pages", "growth")


async def _measured(parts: set[str]) -> AsyncIterator[list[Figure]]:
    if parts - {"import", "acting", "pages", "growth"}:
        async with installation(_FEW) as site:
            await site.fill()
            if "syncs" in parts:
                yield await syncing.throughput(site, "tel_only", 2)
                yield await syncing.throughput(site, "all", 3)
            if "workers" in parts:
                yield await workers.side_by_side(site)
            if "calls" in parts:
                yield await syncing.calls_per_sync(site)
            if "idle" in parts:
                yield await serving.idle(site)
            if "webhooks" in parts:
                yield await serving.webhooks(site)
    if "import" in parts:
        async with installation(_IMPORTED) as site:
            yield await importing.imported(site, _IMPORTED)
    if "acting" in parts:
        async with installation(0) as site:
            yield await acting.on_many(site)
    if "pages" in parts:
        async with installation(0) as site:
            yield await pages(site)


async def _measure(parts: set[str]) -> list[Figure]:
    figures: list[Figure] = []
    async for some in _measured(parts):
        for figure in some:
            print(*filter(None, figure.cells), sep="; ", flush=True)
        figures += some
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("part", nargs="*", help=f"only these, and without the page: {', '.join(_PARTS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(_PARTS):
        parser.error(f"unknown: {', '.join(unknown)}")
    parts = set(arguments.part or _PARTS)
    figures = asyncio.run(_measure(parts))
    grown = asyncio.run(growth()) if "growth" in parts else []
    show(figures, grown)
    if not arguments.part:
        print(f"written to {write(figures, grown, LATENCY_SECONDS)}")


if __name__ == "__main__":
    main()
