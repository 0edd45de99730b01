"""The web service under load, and the engine that waits."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from statistics import median, quantiles
from uuid import uuid4

import aiohttp

from benchmarks.installation import Installation
from benchmarks.processes import hamgam
from benchmarks.report import Figure

_CONNECTIONS = 32
_FLOOD_SECONDS = 5
_STEADY_PER_SECOND = 200
_STEADY_SECONDS = 10
_EDITS = 30
_IDLE_SECONDS = 10
_SETTLE_SECONDS = 2


async def webhooks(site: Installation) -> list[Figure]:
    """Signed deliveries of ever new customers to `hamgam web`."""
    async with hamgam("web", _environment(site), site.folder), _client() as client:
        sender = _Sender(site, client)
        rate = await _flood(sender)
        await asyncio.sleep(1)
        p50, p99 = await _steady(sender)
    return [
        Figure(
            f"webhooks accepted, {_CONNECTIONS} connections",
            f"{rate:.0f}/s",
            budget="≥ 800/s",
            met=rate >= 800,
        ),
        Figure(
            f"webhook answered at {_STEADY_PER_SECOND}/s",
            f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms",
            budget="p99 ≤ 100 ms",
            met=p99 <= 0.1,
        ),
    ]


async def idle(site: Installation) -> list[Figure]:
    """`hamgam start` that has nothing to do, and then one edit at a time."""
    ids = (await site.ask("customers"))[-_EDITS:]
    async with hamgam("start", _environment(site) | {"POLL_INTERVAL_SECONDS": "300"}, site.folder) as engine:
        await asyncio.sleep(_SETTLE_SECONDS)
        before = engine.cpu_seconds()
        await asyncio.sleep(_IDLE_SECONDS)
        share, rss = (engine.cpu_seconds() - before) / _IDLE_SECONDS, engine.rss_megabytes()
        waited = []
        for number, crm_id in enumerate(ids):
            phone = f"0935{number:07d}"
            waited.append(await site.ask("until_written", crm_id=crm_id, phone=phone))
            await asyncio.sleep(0.15)
    p50 = median(waited)
    return [
        Figure(
            "webhook to finance write, idle",
            f"p50 {p50 * 1000:.0f} ms",
            budget="p50 ≤ 100 ms",
            met=p50 <= 0.1,
        ),
        Figure("idle, share of a core", f"{share:.1%}", budget="≤ 2 %", met=share <= 0.02),
        Figure("idle, memory", f"{rss:.0f} MB", budget="≤ 150 MB", met=rss <= 150),
    ]


def _environment(site: Installation) -> dict[str, str]:
    address = f"http://127.0.0.1:{site.environment['PORT']}"
    return dict(site.environment) | {"ENABLE_WEBHOOKS": "true", "WEBHOOK_BASE_URL": address}


def _client() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS))


class _Sender:
    def __init__(self, site: Installation, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._url = f"http://127.0.0.1:{site.environment['PORT']}/webhook/crm"
        self._secret = site.environment["WEBHOOK_SECRET"].encode()

    async def send(self) -> None:
        body = json.dumps({"eventType": "customer.updated", "data": {"id": str(uuid4())}}).encode()
        signature = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {"X-Webhook-Signature": signature, "Content-Type": "application/json"}
        async with self._client.post(self._url, data=body, headers=headers) as answer:
            assert answer.status == 202, await answer.text()


async def _flood(sender: _Sender) -> float:
    """As many as each connection can send one after the other."""
    ends = time.perf_counter() + _FLOOD_SECONDS

    async def send_on() -> int:
        sent = 0
        while time.perf_counter() < ends:
            await sender.send()
            sent += 1
        return sent

    return sum(await asyncio.gather(*(send_on() for _ in range(_CONNECTIONS)))) / _FLOOD_SECONDS


async def _steady(sender: _Sender) -> tuple[float, float]:
    """Sent on time however long answers take; the wait counts from the planned moment."""

    async def send_at(moment: float) -> float:
        await asyncio.sleep(moment - time.perf_counter())
        await sender.send()
        return time.perf_counter() - moment

    waits = await asyncio.gather(*(send_at(moment) for moment in _moments()))
    return median(waits), quantiles(waits, n=100)[98]


def _moments() -> Iterator[float]:
    start = time.perf_counter() + 0.1
    return (start + number / _STEADY_PER_SECOND for number in range(_STEADY_PER_SECOND * _STEADY_SECONDS))
