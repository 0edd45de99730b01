"""People edit both sides while notices, answers and processes get lost: the engine always comes to rest in step.

Hypothesis draws what happens; the flows, connectors, queue, log and PostgreSQL are the real ones, the remote
systems the sandbox's. `CONTRIBUTING.md` says how to run it for longer and how to repeat a failure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from hamgam.errors import SyncError
from hamgam.intake.poll import poll
from hamgam.jobs.runner import retry, run_notice
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.sync.beginning import remember_where_polling_starts
from hamgam.sync.decide import DeletePolicy, InvoiceUpdatePolicy
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.match import MatchKey
from hamgam.sync.site import Site
from tests.flows.mortal import Killed, Life, MortalDatabase, together
from tests.flows.oracle import Oracle
from tests.flows.stage import stage
from tests.flows.town import FIELDS, Books, Thing, Town

MOBILES = ("", "09121110001", "09121110002", "09121110003")
NUMBERS = ("", "1", "2", "77")
WATCHER = Watcher(planned=lambda total: None, ended=lambda line: None)
FAULTS = (
    Fault(FaultKind.RESET_BEFORE),
    Fault(FaultKind.RESET_AFTER),
    Fault(FaultKind.TIMEOUT, after=True),
    Fault(FaultKind.LATENCY),
    Fault(FaultKind.STATUS, status=503),
    Fault(FaultKind.STATUS, status=500),
    Fault(FaultKind.STATUS, status=500, after=True),
    Fault(FaultKind.BROKEN_BODY),
    Fault(FaultKind.HTML_BODY),
    Fault(FaultKind.UNAUTHORIZED),
    Fault(FaultKind.RATE_LIMITED),
)
WHICH = st.integers(0, 5)
OFTEN = st.sampled_from((True, True, False))
DEATH = st.none() | st.integers(1, 40)


@dataclass(frozen=True)
class Weather:
    """What stays as it is for the whole of one example."""

    crm: CrmMood
    finance: FinanceMood
    crm_ahead_seconds: int
    polled: bool
    rules: dict[str, Any]


WEATHER = st.builds(
    Weather,
    crm=st.builds(
        CrmMood,
        echo_transaction=st.booleans(),
        unknown_id=st.sampled_from(("404", "null")),
        webhook_shape=st.sampled_from(("nested", "flat", "query")),
        number_unique=st.booleans(),
    ),
    finance=st.builds(
        FinanceMood,
        returns_tmpid=st.booleans(),
        filters=st.sampled_from(("all", "all", "tel_only", "none")),
        duplicate_phone_refused=st.booleans(),
        update_makes_new=st.sampled_from((False, False, False, True)),
    ),
    crm_ahead_seconds=st.sampled_from((0, -600, 600)),
    polled=st.booleans(),
    rules=st.fixed_dictionaries(
        {
            "on_delete": st.sampled_from(DeletePolicy),
            "on_invoice_update": st.sampled_from((InvoiceUpdatePolicy.EDIT, *InvoiceUpdatePolicy)),
            "match_keys": st.sampled_from((tuple(MatchKey), (MatchKey.NATIONAL_ID,), ())),
            "retries_allowed": st.sampled_from((3, 0)),
            "write_back_reference": st.booleans(),
        }
    ),
)


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
        await remember_where_polling_starts(self.stage.site)

    # People

    @rule(kind=st.sampled_from(("person", "organization")), number=st.sampled_from(NUMBERS), mobile=WHICH)
    def a_customer_is_added(self, kind: str, number: str, mobile: int) -> None:
        if len(self.town.customers()) < 3:
            self._people(lambda: self.town.add_customer(kind, number, MOBILES[mobile % len(MOBILES)]))

    @precondition(lambda self: self.town.customers())
    @rule(who=WHICH, key=st.sampled_from((*FIELDS, "economicCode")), value=WHICH, early=st.booleans())
    def a_customer_is_edited(self, who: int, key: str, value: int, early: bool) -> None:
        thing = _one(self.town.customers(), who)
        text = MOBILES[value % len(MOBILES)] if key == "mobile" else _text(thing, key, value)
        edit = self.town.edit_customer_unreadably if early else self.town.edit_customer
        self._people(lambda: edit(thing, key, text))

    @precondition(lambda self: self.town.customers())
    @rule(who=WHICH)
    def a_customer_is_deleted(self, who: int) -> None:
        self._people(lambda: self.town.delete(_one(self.town.customers(), who)))

    @precondition(lambda self: self.town.customers())
    @rule(who=WHICH, entity=st.sampled_from(("invoice", "quote")))
    def a_document_is_added(self, who: int, entity: str) -> None:
        if len(self.town.documents()) < 2:
            self._people(lambda: self.town.add_document(entity, _one(self.town.customers(), who)))

    @precondition(lambda self: self.town.documents())
    @rule(which=WHICH, product=st.sampled_from(("1", "2", "unknown")), count=st.integers(1, 3))
    def a_document_is_edited(self, which: int, product: str, count: int) -> None:
        thing = _one(self.town.documents(), which)
        self._people(lambda: self.town.edit_document(thing, product, count))

    @rule(number=st.sampled_from(NUMBERS), mobile=WHICH)
    def finance_adds_a_contact(self, number: str, mobile: int) -> None:
        if len(self.town.books.contacts) < 3:
            self.town.add_contact(number, MOBILES[mobile % len(MOBILES)])

    @rule(which=WHICH, key=st.sampled_from(("CityCode", "IsActive", "Description")), value=WHICH)
    def finance_edits_a_mapped_contact(self, which: int, key: str, value: int) -> None:
        """Nobody edits a contact in the moment between its creation and its binding: it would be unknowable."""
        mapped = self._run(self._mapped())
        if mapped:
            new = value % 2 == 0 if key == "IsActive" else f"desk {value}"
            self.town.books.edit_at_desk(_one(mapped, which), key, new)

    # The post

    @precondition(lambda self: self.town.door.outbox)
    @rule(which=WHICH, copies=st.integers(0, 2))
    def a_notice_is_on_its_way(self, which: int, copies: int) -> None:
        """It arrives in any order, twice, or not at all."""
        outbox = self.town.door.outbox
        notice = outbox.pop(which % len(outbox))
        for _ in range(copies):
            self._run(self.town.deliver(notice))

    # Trouble

    @rule(system=st.sampled_from(("crm", "finance")), effect=OFTEN, fault=st.sampled_from(FAULTS), skip=WHICH)
    def a_call_will_fail(self, system: str, effect: bool, fault: Fault, skip: int) -> None:
        self.stage.box.faults.add(
            Fault(
                fault.kind,
                system=system,
                effect="write" if effect and system == "finance" else "read",
                status=fault.status,
                after=fault.after,
                skip=skip // 3,
            )
        )

    @rule(crm=st.booleans())
    def sessions_end(self, crm: bool) -> None:
        (self.stage.box.crm if crm else self.stage.box.finance).expire_sessions()

    @rule(seconds=st.sampled_from((1, 11, 40, 700)))
    def time_passes(self, seconds: int) -> None:
        if seconds > 30:
            self.town.reveal()
            self._run(self.stage.release())
        self.stage.clock.pass_seconds(seconds)

    # The engine

    @rule(dies_at=DEATH)
    def a_worker_works(self, dies_at: int | None) -> None:
        self._run(self._process(self._work, Life(dies_at)))

    @rule(dies_at=DEATH)
    def the_poll_is_due(self, dies_at: int | None) -> None:
        if self.weather.polled:
            self._run(self._process(self._poll, Life(dies_at)))

    @rule(dies_at=st.none() | st.integers(1, 90))
    def somebody_imports(self, dies_at: int | None) -> None:
        self._run(self._process(self._import, Life(dies_at)))
        self.town.adopt()

    @precondition(lambda self: self.town.things)
    @rule(who=WHICH, dies_at=DEATH)
    def somebody_asks_for_a_sync(self, who: int, dies_at: int | None) -> None:
        self._run(self._process(self._by_hand(who), Life(dies_at)))

    @rule(which=WHICH)
    def somebody_retries(self, which: int) -> None:
        self._run(self._retry(which))

    @rule(
        other=st.sampled_from(("work", "poll", "hand")),
        who=WHICH,
        turns=st.lists(st.integers(0, 1), min_size=8, max_size=24),
        dies_at=DEATH,
    )
    def two_at_once(self, other: str, who: int, turns: list[int], dies_at: int | None) -> None:
        act = self._work
        if self.town.things and other == "hand":
            act = self._by_hand(who)
        if self.weather.polled and other == "poll":
            act = self._poll
        one: Any = lambda pause: self._process(self._work, Life(dies_at, pause))  # noqa: E731
        two: Any = lambda pause: self._process(act, Life(None, pause))  # noqa: E731
        self._run(together([one, two], turns))

    # The end

    def teardown(self) -> None:
        if hasattr(self, "weather"):
            self._run(self._comes_to_rest())

    async def _comes_to_rest(self) -> None:
        """Two quiet rounds, and a third that has nothing left to do."""
        self.stage.box.faults.clear()
        self.town.reveal()
        if not self.weather.polled:
            for notice in self.town.door.outbox:
                await self.town.deliver(notice)
        self.town.door.outbox.clear()
        await self._finish_imports()
        await self._round()
        await self._round()
        before = self._written()
        await self._round()
        assert self._written() == before, "a third round has written"
        self.town.adopt()
        log = await self.stage.log()
        mappings = await self.stage.rows('SELECT * FROM "EntityMapping"')
        Oracle(self.town, log, mappings).judge(self.weather.polled, self.weather.rules["on_delete"])

    async def _round(self) -> None:
        self.stage.clock.pass_seconds(60)
        if self.weather.polled:
            await self._poll(self.stage.site)
        await self.stage.until_quiet()

    def _written(self) -> tuple[int, int]:
        crm = self.stage.box.crm
        return self.town.books.saves, len(crm.persons) + len(crm.organizations)

    async def _finish_imports(self) -> None:
        """A run that broke off is started again: until then its contacts wait."""
        mine = """direction = 'FINANCE_TO_CRM' AND status = 'IN_PROGRESS'"""
        if await self.stage.rows(f'SELECT 1 FROM "SyncLog" WHERE {mine}'):
            await self._import(self.stage.site)
            self.town.adopt()

    # What processes do

    async def _process(self, act: Callable[[Site], Awaitable[Any]], life: Life) -> None:
        try:
            await act(self.stage.process(life))
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
            if row.status in ("FAILED", "CONFLICT") and not row.resolvedAt and row.direction == "CRM_TO_FINANCE"
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


def _one(things: list[Any], which: int) -> Any:
    return things[which % len(things)]


def _text(thing: Thing, key: str, value: int) -> str:
    """A value that tells whose it is; a name never changes its first part."""
    who = min(thing.typed["nickName"]).partition(".")[0]
    return f"{who}.{value}" if key == "nickName" else f"{key} {who} {value}"


SUITE = settings(
    max_examples=300,
    stateful_step_count=14,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.timeout(0)
def test_the_engine_comes_to_rest_in_step(runner: asyncio.Runner, database_url: str) -> None:
    long_run = settings.get_current_profile_name() == "long"
    db = MortalDatabase(database_url)
    try:
        run_state_machine_as_test(
            lambda: Engine(runner.run, db), settings=settings.default if long_run else SUITE
        )
    finally:
        runner.run(db.aclose())
