"""Both simulated systems, a database, and the processes of an installation, within one event loop."""

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text

from hamgam.jobs import queue
from hamgam.jobs.runner import resume_held_up, run_notice
from hamgam.model import System, TransactionId
from hamgam.sandbox import (
    CRM_PASSWORD,
    CRM_USERNAME,
    FINANCE_PASSWORD_MD5,
    FINANCE_USERNAME,
    CrmMood,
    Finance,
    FinanceMood,
    Sandbox,
)
from hamgam.sync.site import Outcome, Rules, Site
from hamgam.systems.payamgostar import PayamgostarConnector
from hamgam.systems.siagh import SiaghConnector
from hamgam.trail import mapping
from hamgam.trail.remote import CallTally, SharedSessions
from tests.bench import Bench, Clock
from tests.flows.mortal import Life, MortalDatabase
from tests.flows.wire import InProcess
from tests.trouble import Outages

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_TABLES = (
    "procrastinate_jobs",
    "EntityMapping",
    "SyncLog",
    "WebhookDelivery",
    "PollCursor",
    "RemoteSystem",
    "ImportRun",
)
_DUE = text(
    "UPDATE procrastinate_jobs SET status = 'doing' WHERE id = ("
    " SELECT id FROM procrastinate_jobs j WHERE status = 'todo' AND task_name = 'sync'"
    " AND (scheduled_at IS NULL OR scheduled_at <= :now)"
    " AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs d WHERE d.lock = j.lock AND d.status = 'doing')"
    " ORDER BY priority DESC, id LIMIT 1) RETURNING id, args"
)
_DONE = text("DELETE FROM procrastinate_jobs WHERE id = :id")
_DOING = text("SELECT id FROM procrastinate_jobs WHERE status = 'doing' ORDER BY id")
_NEXT = text("SELECT min(scheduled_at) FROM procrastinate_jobs WHERE status = 'todo'")


class Stage(Bench):
    """A bench without sockets. `site` is a process that never dies; `process` starts others."""

    db: MortalDatabase

    def __init__(self, box: Sandbox, db: MortalDatabase, clock: Clock, rules: Rules, rng: Random) -> None:
        self._rules = rules
        self._rng = rng
        self._shared = db
        self.box = box
        self.clock = clock
        super().__init__(box, self.process(Life(), 0), clock, CallTally(db, clock), Outages())

    def process(self, life: Life, place: int = 1) -> Site:
        """A process that has just started: what its connectors learn, they learn anew.

        Those that live side by side have different places.
        """
        db = self._shared.of(life, place)
        crm, finance = (InProcess(self.box, system, life) for system in System)
        sessions = SharedSessions(db)
        return Site(
            db=db,
            crm=PayamgostarConnector(crm, sessions, CRM_USERNAME, CRM_PASSWORD, self.clock),
            finance=SiaghConnector(
                finance,
                sessions,
                FINANCE_USERNAME,
                FINANCE_PASSWORD_MD5,
                self.clock,
                mapped=partial(mapping.count_customers, db),
            ),
            rules=self._rules,
            clock=self.clock,
            sleep=self._sleep,
            new_transaction=lambda: TransactionId(UUID(int=self._rng.getrandbits(128), version=4)),
            random=lambda: 0.5,
        )

    async def work(self, site: Site) -> Outcome | None:
        """Do the next job that is due, as a worker does. None: there is none."""
        taken = (await site.db.execute(_DUE, {"now": self.clock()})).one_or_none()
        if taken is None:
            return None
        notice = queue.notice_of(taken.args)
        assert notice is not None
        outcome = await run_notice(site, notice)
        await site.db.execute(_DONE, {"id": taken.id})
        return outcome

    async def release(self) -> None:
        """What the workers do for those that have died, once nobody works any more."""
        for job_id in (await self.db.execute(_DOING)).scalars():
            await queue.release(self.db, job_id)
        await resume_held_up(self.db)
        orphans = await queue.without_job(self.db)
        async with self.db.transaction() as connection:
            await queue.enqueue(connection, orphans)

    async def until_quiet(self, most: int = 60) -> None:
        """Work until nothing waits; time passes where all that waits is for later."""
        await self.release()
        for _ in range(most):
            if await self.work(self.site) is not None:
                continue
            due = (await self.db.execute(_NEXT)).scalar_one()
            if due is None:
                return
            self.clock.now = max(self.clock.now, due)
        raise AssertionError(f"no rest after {most} rounds: {await self.jobs()}")

    async def _sleep(self, seconds: float) -> None:
        self.clock.pass_seconds(seconds)


async def stage(
    db: MortalDatabase,
    *,
    crm_mood: CrmMood | None = None,
    finance_mood: FinanceMood | None = None,
    crm_ahead_seconds: float = 0,
    finance_type: type[Finance] = Finance,
    seed: int = 0,
    **rules: Any,
) -> Stage:
    """An empty stage on an emptied database; `crm_ahead_seconds` is by how much the CRM's clock is fast."""
    await _empty(db.of(Life(), 0))
    rng, clock = Random(seed), Clock()
    clock.now = START
    box = Sandbox(crm_mood=crm_mood, finance_mood=finance_mood, clock=clock, rng=rng)
    box.finance = finance_type(box.finance.mood, clock, rng)
    box.crm.clock = lambda: clock() + timedelta(seconds=crm_ahead_seconds)
    return Stage(box, db, clock, Rules(**rules), rng)


async def _empty(db: MortalDatabase) -> None:
    async with db.transaction() as connection:
        await connection.exec_driver_sql("; ".join(f'DELETE FROM "{table}"' for table in _TABLES))
