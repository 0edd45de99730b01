"""The remote systems for the web service: reached when somebody asks, left alone when nobody does.

A process that holds a site takes its part of the calls that both systems may see (`db/presence`). One that
only shows pages must therefore not keep it for as long as it lives.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from hamgam.app.problems import RequestRefused
from hamgam.errors import SyncError, UsageError
from hamgam.reasons import SENTENCES
from hamgam.sync.site import Site

OpenSite = Callable[[], AbstractAsyncContextManager[Site]]

_KEPT_SECONDS = 60.0


def no_site() -> AbstractAsyncContextManager[Site]:
    """Stands where a web service has no remote systems."""
    raise UsageError("this service does not reach the remote systems")


@asynccontextmanager
async def opened(open_site: OpenSite) -> AsyncIterator[Site]:
    """The remote systems. A service that does not reach them refuses the request."""
    async with AsyncExitStack() as stack:
        try:
            site = await stack.enter_async_context(open_site())
        except UsageError as error:
            raise RequestRefused("out-of-reach", str(error)) from None
        yield site


@asynccontextmanager
async def reached(open_site: OpenSite) -> AsyncIterator[Site]:
    """The remote systems for a program; what fails there becomes a problem, without their own words."""
    async with opened(open_site) as site:
        try:
            yield site
        except UsageError as error:
            raise RequestRefused("conflict", str(error)) from None
        except SyncError as error:
            sentence = SENTENCES[error.reason]
            detail = f"{error.reason}: {sentence.en} {sentence.next_step_en}"
            raise RequestRefused("remote", detail) from None


class SharedSite:
    """One site for all who ask at the same time, and for a while after the last of them.

    Call it to get the site for the length of a block. It is closed with the object itself.
    """

    def __init__(
        self,
        open_site: OpenSite,
        *,
        kept_seconds: float = _KEPT_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._open_site = open_site
        self._kept_seconds = kept_seconds
        self._sleep = sleep
        self._changing = asyncio.Lock()
        self._users = self._uses = 0
        self._stack = AsyncExitStack()
        self._site: Site | None = None
        self._leaving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "SharedSite":
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            await asyncio.gather(self._leaving, return_exceptions=True)
        await self._close()

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Site]:
        """The site. Raises `UsageError` when the settings of a remote system are missing."""
        self._users += 1
        self._uses += 1
        try:
            yield await self._opened()
        finally:
            self._users -= 1
            if not self._users and (self._leaving is None or self._leaving.done()):
                self._leaving = asyncio.create_task(self._leave())

    async def _opened(self) -> Site:
        async with self._changing:
            if self._site is None:
                self._site = await self._stack.enter_async_context(self._open_site())
            return self._site

    async def _leave(self) -> None:
        """Close it once a whole pause has passed in which nobody asked."""
        seen = -1
        while seen != self._uses:
            seen = self._uses
            await self._sleep(self._kept_seconds)
        await asyncio.shield(self._close())

    async def _close(self) -> None:
        async with self._changing:
            if self._users:
                return  # somebody has come in at the last moment
            self._site = None
            await self._stack.aclose()
