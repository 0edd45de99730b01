"""What an import says of the CRM while several creates wait for it."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.sync.import_pipeline import Pipeline
from tests.bench import bench


async def test_it_waits_until_the_last_create_goes_on(db: Database) -> None:
    over: defaultdict[float, asyncio.Event] = defaultdict(asyncio.Event)
    said: list[Reason | None] = []

    async def sleep(seconds: float) -> None:
        await over[seconds].wait()

    async with bench(db) as b:
        pipeline = Pipeline(
            replace(b.site, sleep=sleep),
            3,
            {},
            run_id=uuid4(),
            stop=asyncio.Event(),
            stored=lambda record: None,
            waits=said.append,
        )
        reasons = {1: Reason.UNREACHABLE, 2: Reason.RATE_LIMITED, 3: None}
        pauses = {
            seconds: asyncio.create_task(pipeline._pause(timedelta(seconds=seconds), reason))
            for seconds, reason in reasons.items()
        }
        seen = []
        for seconds in (3, 1, 2):
            over[seconds].set()
            assert await pauses[seconds], "nobody has stopped the run"
            seen.append(said[-1])
        assert seen == [Reason.RATE_LIMITED, Reason.RATE_LIMITED, None]
