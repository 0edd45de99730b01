"""`python -m benchmarks` takes about three minutes; `--full` imports 100,000 contacts, four minutes more."""

import argparse
import asyncio
from collections.abc import AsyncIterator

from benchmarks import importing, serving, syncing
from benchmarks.installation import LATENCY_SECONDS, installation
from benchmarks.report import Figure, show, write

_FEW = 400
_MANY, _VERY_MANY = 20_000, 100_000
_PARTS = ("syncs", "calls", "idle", "webhooks", "import")


async def _measured(parts: set[str], many: int) -> AsyncIterator[list[Figure]]:
    if parts - {"import"}:
        async with installation(_FEW) as site:
            await site.fill()
            if "syncs" in parts:
                yield await syncing.throughput(site, "tel_only", 2)
                yield await syncing.throughput(site, "all", 3)
            if "calls" in parts:
                yield await syncing.calls_per_sync(site)
            if "idle" in parts:
                yield await serving.idle(site)
            if "webhooks" in parts:
                yield await serving.webhooks(site)
    if "import" in parts:
        async with installation(many) as site:
            yield await importing.import_and_poll(site, many)


async def _measure(parts: set[str], many: int) -> list[Figure]:
    figures: list[Figure] = []
    async for some in _measured(parts, many):
        for figure in some:
            print(*filter(None, figure.cells), sep="; ", flush=True)
        figures += some
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"import {_VERY_MANY:,} contacts, not {_MANY:,}")
    parser.add_argument("part", nargs="*", help=f"only these, and without the page: {', '.join(_PARTS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.part) - set(_PARTS):
        parser.error(f"unknown: {', '.join(unknown)}")
    parts = set(arguments.part or _PARTS)
    figures = asyncio.run(_measure(parts, _VERY_MANY if arguments.full else _MANY))
    show(figures)
    if not arguments.part:
        print(f"written to {write(figures, LATENCY_SECONDS)}")


if __name__ == "__main__":
    main()
