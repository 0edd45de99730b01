"""The limit: the same requests by a bare HTTP client that does nothing else, with the same concurrency."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    token: str
    body: bytes


async def items_per_second(requests: Sequence[Request], *, concurrency: int, items: int) -> float:
    """How often all `requests`, one after the other, can be made by so many workers."""
    turns = iter(range(items))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        for _ in range(concurrency):  # opens the connections
            await _all(session, requests[:1])
        started = time.perf_counter()
        await asyncio.gather(*(_work(session, requests, turns) for _ in range(concurrency)))
        return items / (time.perf_counter() - started)


async def _work(session: aiohttp.ClientSession, requests: Sequence[Request], turns: Iterator[int]) -> None:
    for _ in turns:
        await _all(session, requests)


async def _all(session: aiohttp.ClientSession, requests: Sequence[Request]) -> None:
    for request in requests:
        headers = {"Authorization": request.token, "Content-Type": "application/json; charset=utf-8"}
        async with session.request(
            request.method, request.url, data=request.body, headers=headers
        ) as response:
            await response.read()
            response.raise_for_status()
