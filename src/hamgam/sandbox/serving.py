"""The sandbox as a service of its own, for the command line and for a demo in another process."""

import asyncio
from collections.abc import Callable, Mapping
from random import Random

from hamgam.sandbox.moods import CrmMood, FinanceMood
from hamgam.sandbox.people import seed_finance
from hamgam.sandbox.server import Sandbox

_REMEMBERED_REQUESTS = 20_000


async def serve(
    *,
    crm_port: int,
    finance_port: int,
    customers: int = 0,
    webhook_targets: Mapping[str, str] | None = None,
    webhook_secret: str | None = None,
    crm_mood: CrmMood | None = None,
    finance_mood: FinanceMood | None = None,
    latency_seconds: float = 0.0,
    seed: int = 1,
    started: Callable[[Sandbox], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run both systems with so many finance contacts until `stop` is set or the task is cancelled.

    `started` is called once both ports listen. The people are the same for the same `seed`; ids of the CRM
    are not, so that a database which has met another sandbox is not fooled.
    """
    box = Sandbox(
        crm_mood=crm_mood,
        finance_mood=finance_mood,
        crm_port=crm_port,
        finance_port=finance_port,
        latency_seconds=latency_seconds,
        max_entries=_REMEMBERED_REQUESTS,
    )
    seed_finance(box.finance, customers, Random(seed))  # noqa: S311
    box.crm.webhook_targets.update(webhook_targets or {})
    box.crm.webhook_secret = webhook_secret or box.crm.webhook_secret
    async with box:
        if started is not None:
            started(box)
        await (stop or asyncio.Event()).wait()
