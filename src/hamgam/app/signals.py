"""How a command is told to stop: by Ctrl-C, by a service manager, or by the end of its terminal."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopped(Exception):
    """A signal has ended the command before its time."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_status = 128 + number


@contextmanager
def on_stop_signals(act: Callable[[int], object]) -> Iterator[None]:
    """Call `act` with the number of a signal, and not what was called before, while the block runs.

    The end of the terminal that was to be ignored from the start, as `nohup` asks, stays ignored.
    """

    def handle(number: int, _: FrameType | None) -> None:
        act(number)

    ignored = [number for number in _STOPPING[2:] if signal.getsignal(number) is signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in _STOPPING if number not in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def stoppable(command: Coroutine[Any, Any, int]) -> int:
    """Run a command. Raises `Stopped` when a signal has ended it and it has given back what it held.

    Only the first signal counts: what follows would break off the tidying up.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    told: list[int] = []

    def stop(number: int) -> None:
        if not told and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        told.append(number)

    with on_stop_signals(stop):
        try:
            return await command
        except asyncio.CancelledError:
            if not told:
                raise
            raise Stopped(told[0]) from None


async def wait_out(task: asyncio.Future[Any]) -> None:
    """Wait for what cannot be broken off, such as a thread; a cancel meanwhile counts afterwards."""
    told: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            told = error
    if told is not None:
        raise told
