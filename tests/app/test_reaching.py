"""One site for all who ask the web service for something remote, for no longer than somebody asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from hamgam.app.reaching import SharedSite, no_site
from hamgam.errors import UsageError
from hamgam.sync.site import Site


class Openings:
    """What a site costs: how many are open, and how many ever were."""

    def __init__(self) -> None:
        self.now = self.ever = 0
        self.pauses: list[asyncio.Event] = []
        self.fails = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Site]:
        await asyncio.sleep(0)
        if self.fails:
            raise UsageError("CRM_PASSWORD: is missing")
        self.now, self.ever = self.now + 1, self.ever + 1
        try:
            yield cast("Site", object())
        finally:
            await asyncio.sleep(0)
            self.now -= 1

    async def pause(self, seconds: float) -> None:
        assert seconds == 60
        self.pauses.append(asyncio.Event())
        await self.pauses[-1].wait()

    def shared(self) -> SharedSite:
        return SharedSite(self.open, sleep=self.pause)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nothing_is_opened_before_somebody_asks() -> None:
    openings = Openings()
    async with openings.shared():
        await settle()
    assert openings.ever == 0


async def test_all_who_ask_share_one_site_that_ends_with_the_process() -> None:
    openings = Openings()

    async def use(sites: SharedSite) -> Any:
        async with sites() as site:
            await asyncio.sleep(0)
            return site

    async with openings.shared() as sites:
        first, second, third = await asyncio.gather(*(use(sites) for _ in range(3)))
        assert first is second is third
        assert await use(sites) is first
        assert (openings.ever, openings.now) == (1, 1)
    assert openings.now == 0


async def test_a_site_that_nobody_asks_for_is_closed_and_opened_again() -> None:
    openings = Openings()
    async with openings.shared() as sites:
        async with sites():
            pass
        await settle()
        async with sites():
            openings.pauses[-1].set()
            await settle()
            assert openings.now == 1
        await settle()
        openings.pauses[-1].set()
        await settle()
        assert openings.now == 0
        async with sites():
            assert (openings.ever, openings.now) == (2, 1)


async def test_a_use_within_the_pause_begins_it_anew() -> None:
    openings = Openings()
    async with openings.shared() as sites:
        async with sites():
            pass
        await settle()
        async with sites():
            pass
        openings.pauses[-1].set()
        await settle()
        assert (openings.now, len(openings.pauses)) == (1, 2)


async def test_one_that_cannot_be_opened_is_tried_again_by_the_next() -> None:
    openings = Openings()
    openings.fails = True
    async with openings.shared() as sites:
        with pytest.raises(UsageError):
            async with sites():
                pass
        openings.fails = False
        async with sites():
            assert openings.now == 1


def test_a_service_without_remote_systems_says_so() -> None:
    with pytest.raises(UsageError, match="does not reach"):
        no_site()


async def test_a_site_is_not_closed_under_somebody_who_comes_at_the_last_moment() -> None:
    openings = Openings()
    async with openings.shared() as sites:
        async with sites():
            pass
        await settle()
        async with sites._changing:
            openings.pauses[-1].set()
            await settle()  # it is about to be closed
            entering = asyncio.ensure_future(sites().__aenter__())
            await settle()
        await entering
        assert (openings.ever, openings.now) == (1, 1)
        sites._users = 0
