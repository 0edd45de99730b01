"""People edit both sides while notices, answers and processes get lost: the engine comes to rest in step.

Hypothesis draws what happens; the flows, connectors, queue, log and PostgreSQL are the real ones, the remote
systems the sandbox's. `CONTRIBUTING.md` says how to run it for longer and how to repeat a failure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hamgam.errors import SyncError
from hamgam.intake.poll import poll
from hamgam.jobs.runner import retry, run_notice
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Stream, Trigger
from hamgam.sandbox import Fault
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.site import Site
from hamgam.trail import cursor
from tests.flows.mortal import Killed, Life, MortalDatabase, together
from tests.flows.oracle import Oracle
from tests.flows.stage import START, stage
from tests.flows.town import FIELDS, Books, Thing, Town
from tests.flows.weather import FAULTS, WEATHER, Weather

MOBILES = ("", "09121110001", "09121110002", "09121110003")
NUMBERS = ("", "501", "502", "")
WATCHER = Watcher(planned=lambda total: None, ended=lambda line: None)
CRM_WORK = (
    *FIELDS,
    *FIELDS,
    "take back",
    "take back",
    "economicCode",
    "add",
    "document",
    "edit document",
    "edit document",
    "delete",
)
PROCESSES = ("work", "work", "work", "poll", "poll", "ask", "import", "import")
WHICH = st.integers(0, 5)
SYSTEM = st.sampled_from(("crm", "finance", "finance"))
DEATH = st.none() | st.integers(1, 30)
TURNS = st.lists(st.integers(0, 1), min_size=4, max_size=20)


class Told(Enum):
    """When the engine hears of what somebody does in the CRM."""

    AT_ONCE = "at once"
    TWICE = "twice"
    EARLY = "before it can be read"
    LATER = "later, or never"
    OF_ANOTHER = "as the write of another program, with a transaction id of its own"


class Engine(RuleBasedStateMachine):
    """One example: a town, and processes of the engine that live and die in it."""

    def __init__(self, run: Callable[[Awaitable[Any]], Any], db: MortalDatabase) -> None:
        super().__init__()
        self._run = run
        self._db = db

    @initialize(weather=WEATHER)
    def begin(self, weather: Weather) -> None:
        self.weather = weather
        self._run(self._begin(weather))

    async def _begin(self, weather: Weather) -> None:
        self.stage = await stage(
            self._db,
            crm_mood=weather.crm,
            finance_mood=weather.finance,
            crm_ahead_seconds=weather.crm_ahead_seconds,
            finance_type=Books,
            **weather.rules,
        )
        self.town = Town(self.stage)
        for number in range(weather.contacts):
            self.town.add_contact("", _one(MOBILES, -1 - number))
        async with self.stage.db.transaction() as connection:
            for stream in Stream:
                await cursor.begin(connection, stream, START - timedelta(days=1))
        for number in range(weather.customers):
            self._add_customer(number, number)
            self.town.add_document("invoice", self.town.customers()[-1])
        await self.town.written_to_the_outbox()
        if weather.customers:
            await self.town.deliver(*self.town.door.outbox)
            self.town.door.outbox.clear()

    def _add_customer(self, who: int, value: int) -> None:
        self.town.add_customer(
            "organization" if value > 4 else "person", _one(NUMBERS, who), _one(MOBILES, value)
        )

    # People

    @rule(
        what=st.sampled_from(CRM_WORK),
        who=WHICH,
        value=WHICH,
        told=st.sampled_from(Told),
        after=st.sampled_from((0, 0, 90)),
        seen=st.booleans(),
    )
    def somebody_works_in_the_crm(
        self, what: str, who: int, value: int, told: Told, after: int, seen: bool
    ) -> None:
        """With `seen` a worker looks at once."""
        if after:
            self.time_passes(after)
        customers, documents = self.town.customers(), self.town.documents()
        before = len(self.town.door.outbox)
        if what == "add" and len(customers) < 3:
            self._people(lambda: self._add_customer(who, value))
        elif what == "document" and customers and len(documents) < 3:
            entity = "quote" if value % 2 else "invoice"
            self._people(lambda: self.town.add_document(entity, _one(customers, who)))
        elif what == "edit document" and documents:
            product = ("1", "2", "unknown")[value % 3]
            self._people(lambda: self.town.edit_document(_one(documents, who), product, value + 1))
        elif what == "delete" and customers and value == 0:
            self._people(lambda: self.town.delete(_one(customers, who)))
        elif what == "take back" and customers:
            thing = _one(customers, who)
            self._people(lambda: self.town.take_back(thing))
        elif what in (*FIELDS, "economicCode") and customers:
            thing = _one(customers, who)
            edit = self.town.edit_customer_unreadably if told is Told.EARLY else self.town.edit_customer
            self._people(lambda: edit(thing, what, _text(thing, what, value)))
        self._post(before, told)
        if seen:
            self._run(self._process(self._work, Life()))

    @rule(which=WHICH, key=st.sampled_from(("CityCode", "IsActive", "Description")), value=WHICH)
    def somebody_works_in_finance(self, which: int, key: str, value: int) -> None:
        """Nobody edits a contact between its creation and its binding: nothing could recognise it then."""
        if key == "CityCode" and value == 0 and len(self.town.books.contacts) < 4:
            self.town.add_contact(_one(NUMBERS, which), _one(MOBILES, which))
        elif mapped := self._run(self._mapped()):
            new = value % 2 == 0 if key == "IsActive" else f"desk {value}"
            self.town.books.edit_at_desk(_one(mapped, which), key, new)

    @precondition(lambda self: self.town.door.outbox)
    @rule(which=WHICH, copies=st.integers(0, 2))
    def an_old_notice_arrives(self, which: int, copies: int) -> None:
        """In any order, twice, or not at all."""
        outbox = self.town.door.outbox
        notice = outbox.pop(which % len(outbox))
        for _ in range(copies):
            self._run(self.town.deliver(notice))

    @rule(seconds=st.sampled_from((1, 11, 40, 700)))
    def time_passes(self, seconds: int) -> None:
        if seconds > 30:
            self.town.reveal()
            self._run(self.stage.release())
        self.stage.clock.pass_seconds(seconds)

    # Trouble

    @rule(system=SYSTEM, fault=st.sampled_from(FAULTS), skip=st.integers(0, 1), more=st.booleans())
    def calls_fail(self, system: str, fault: Fault | None, skip: int, more: bool) -> None:
        """Reads of the CRM, writes of finance, or any: no fault stands for a session that has ended."""
        box = self.stage.box
        if fault is None:
            (box.crm if system == "crm" else box.finance).expire_sessions()
            return
        effect = None if more else "write" if system == "finance" else "read"
        box.faults.add(
            Fault(
                fault.kind,
                system=system,
                effect=effect,
                status=fault.status,
                after=fault.after,
                skip=skip,
                times=1 + more,
            )
        )

    # The engine

    @rule(what=st.sampled_from(PROCESSES), who=WHICH, dies_at=DEATH)
    def a_process_runs(self, what: str, who: int, dies_at: int | None) -> None:
        before = len(self.town.door.outbox)
        self._run(self._process(self._act(what, who), Life(dies_at)))
        self.town.adopt()
        self._post(before, Told.AT_ONCE if who % 2 else Told.LATER)

    @rule(what=st.sampled_from(("work", "poll", "ask")), who=WHICH, turns=TURNS, dies_at=DEATH)
    def two_run_at_once(self, what: str, who: int, turns: list[int], dies_at: int | None) -> None:
        other = self._act(what, who)
        self._run(
            together(
                [
                    lambda pause: self._process(self._work, Life(dies_at, pause), 1),
                    lambda pause: self._process(other, Life(None, pause), 2),
                ],
                turns,
            )
        )

    @rule(which=WHICH)
    def somebody_retries(self, which: int) -> None:
        self._run(self._retry(which))

    # The end

    def teardown(self) -> None:
        if hasattr(self, "weather"):
            self._run(self._comes_to_rest())

    async def _comes_to_rest(self) -> None:
        """At most two quiet rounds; the next has nothing left to do."""
        self.stage.box.faults.clear()
        self.town.reveal()
        if not self.weather.polled:
            for notice in self.town.door.outbox:
                await self.town.deliver(notice)
        self.town.door.outbox.clear()
        await self._finish_imports()
        written = [await self._round() for _ in range(2)]
        if written[0] != written[1]:
            assert await self._round() == written[1], "a third round has written"
        self.town.adopt()
        log = await self.stage.log()
        mappings = await self.stage.rows('SELECT * FROM "EntityMapping"')
        Oracle(self.town, log, mappings).judge(self.weather.polled, self.weather.rules["on_delete"])

    async def _round(self) -> tuple[int, int]:
        """Answers how much has been written to finance and how many customers the CRM has by then."""
        self.stage.clock.pass_seconds(60)
        if self.weather.polled:
            await self._poll(self.stage.site)
        await self.stage.until_quiet()
        crm = self.stage.box.crm
        return self.town.books.saves, len(crm.persons) + len(crm.organizations)

    async def _finish_imports(self) -> None:
        """A run that broke off is started again: until then its contacts wait."""
        mine = """direction = 'FINANCE_TO_CRM' AND status = 'IN_PROGRESS'"""
        if await self.stage.rows(f'SELECT 1 FROM "SyncLog" WHERE {mine}'):
            await self._import(self.stage.site)
            self.town.adopt()

    # What processes do

    async def _process(self, act: Callable[[Site], Awaitable[Any]], life: Life, place: int = 1) -> None:
        try:
            await act(self.stage.process(life, place))
        except Killed:
            return
        except BaseExceptionGroup as group:
            if group.split(Killed)[1] is not None:
                raise

    async def _work(self, site: Site) -> None:
        await self.stage.work(site)

    async def _poll(self, site: Site) -> None:
        try:
            await poll(site, overlap_seconds=60, max_change_percent=100)
        except SyncError:
            return

    async def _import(self, site: Site) -> None:
        try:
            await initial_import(site, ImportOptions(again=True, concurrency=1), WATCHER)
        except SyncError:
            return

    def _act(self, what: str, who: int) -> Callable[[Site], Awaitable[Any]]:
        if what == "poll" and self.weather.polled:
            return self._poll
        if what == "import":
            return self._import
        return self._by_hand(who) if what == "ask" and self.town.things else self._work

    def _by_hand(self, who: int) -> Callable[[Site], Awaitable[Any]]:
        thing = _one(list(self.town.things.values()), who)
        entity = Entity.CUSTOMER
        if "subject" in thing.typed:
            entity = Entity(self.town.crm.kind_of(thing.crm_id))
        notice = ChangeNotice(key=EntityKey(entity, CrmId(thing.crm_id)), trigger=Trigger.MANUAL)
        return lambda site: run_notice(site, notice)

    async def _retry(self, which: int) -> None:
        rows = [
            row
            for row in await self.stage.log()
            if row.status in ("FAILED", "CONFLICT")
            and row.reason != "OTHER_CODE"  # until `settle` says which of the two it is
            and not row.resolvedAt
            and row.direction == "CRM_TO_FINANCE"
        ]
        if rows:
            in_order = sorted(rows, key=lambda row: (row.startedAt, row.sourceEntityId))
            await retry(self.stage.db, _one(in_order, which).id)

    async def _mapped(self) -> list[int]:
        rows = await self.stage.rows(
            """SELECT "financeId" FROM "EntityMapping" WHERE "entityType" = 'CUSTOMER'"""
        )
        return sorted(int(row.financeId) for row in rows)

    def _people(self, act: Callable[[], None]) -> None:
        async def acting() -> None:
            act()
            await self.town.written_to_the_outbox()

        self._run(acting())

    def _post(self, before: int, told: Told) -> None:
        """Deliver what has just come into the outbox, or leave it there."""
        outbox = self.town.door.outbox
        if told is not Told.LATER:
            news, outbox[before:] = outbox[before:], []
            if told is Told.OF_ANOTHER:
                news = [self.town.of_another_program(notice) for notice in news]
            for notice in news * (2 if told is Told.TWICE else 1):
                self._run(self.town.deliver(notice))


def _one(things: Sequence[Any], which: int) -> Any:
    return things[which % len(things)]


def _text(thing: Thing, key: str, value: int) -> str:
    """A value that tells whose it is; a name never changes its first part."""
    who = min(thing.typed["nickName"]).partition(".")[0]
    value %= 3
    if key == "mobile":
        return _one(MOBILES, value)
    if value == 0:
        return who if key == "nickName" else ""  # as it was at the beginning
    return f"{who}.{value}" if key == "nickName" else f"{key} {who} {value}"


PARTS = 8
"""Each draws examples of its own; they may be played side by side."""
SUITE = settings(
    max_examples=2_000 // PARTS,
    stateful_step_count=14,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def _chosen(config: pytest.Config) -> tuple[settings, object]:
    """How many examples a part plays, and what they are drawn from: in the suite always the same ones."""
    if settings.get_current_profile_name() != "long":
        return SUITE, "suite"
    examples = settings.default.max_examples // PARTS
    return settings(SUITE, max_examples=examples), config.getoption("--hypothesis-seed") or uuid4()


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_comes_to_rest_in_step(
    part: int, pytestconfig: pytest.Config, runner: asyncio.Runner, database_url: str
) -> None:
    chosen, chance = _chosen(pytestconfig)
    db = MortalDatabase(database_url)

    @seed(f"{chance} {part}")
    def engine() -> Engine:
        return Engine(runner.run, db)

    runner.run(db.connect(processes=3))
    try:
        run_state_machine_as_test(engine, settings=chosen)
    finally:
        runner.run(db.aclose())
