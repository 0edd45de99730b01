"""Each flow is killed after every remote call, statement and commit, and run again.

Wherever it died there is one counterpart, one log story without an open end, and nothing was written twice.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from hamgam.errors import UsageError
from hamgam.intake.poll import poll
from hamgam.intake.webhook import accept
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.sandbox import CrmMood, FinanceMood
from hamgam.sync.decide import DeletePolicy
from hamgam.sync.initial_import import ImportOptions, Watcher, initial_import
from hamgam.sync.site import Site
from tests.flows.mortal import Killed, Life, MortalDatabase
from tests.flows.stage import Stage, stage

MOBILE = "09121112233"
LINE = {"productCode": "1", "count": Decimal(2), "baseUnitPrice": Decimal(10), "productUnitTypeName": "عدد"}
WATCHER = Watcher(planned=lambda total: None, ended=lambda line: None)

MOODS = [
    FinanceMood(returns_tmpid=returns_tmpid, duplicate_phone_refused=refused)
    for returns_tmpid in (True, False)
    for refused in (True, False)
]
FEW = [FinanceMood(), FinanceMood(returns_tmpid=False, duplicate_phone_refused=False, filters="none")]


def mood_name(mood: FinanceMood) -> str:
    number = "number shown" if mood.returns_tmpid else "number hidden"
    phones = "double phones refused" if mood.duplicate_phone_refused else "double phones accepted"
    return f"{number}, {phones}, filters {mood.filters}"


@dataclass
class Trial:
    """One flow on one stage, and where its process died."""

    stage: Stage
    died_after: str = ""
    at_death: list[Any] = field(default_factory=list)
    """The log as the dead process left it."""

    async def tell(self, *keys: EntityKey) -> None:
        if keys:
            await accept(self.stage.db, *(ChangeNotice(key=key, trigger=Trigger.WEBHOOK) for key in keys))

    async def settled(self, crm_id: str, entity: Entity = Entity.CUSTOMER) -> None:
        """Bring the entity in step before the flow that is looked at."""
        await self.tell(EntityKey(entity, CrmId(crm_id)))
        await self.stage.until_quiet()
        self.stage.clock.pass_seconds(60)
        await self.tell(EntityKey(entity, CrmId(crm_id)))

    async def rests(self) -> None:
        """Run on until nothing waits; then one more look at everything finds nothing to do."""
        await self.stage.until_quiet()
        await self.no_open_end()
        self.stage.clock.pass_seconds(60)
        before = self.written()
        crm = self.stage.box.crm
        await self.tell(*(customer(crm_id) for crm_id in (*crm.persons, *crm.organizations)))
        await self.tell(*(EntityKey(Entity.INVOICE, CrmId(crm_id)) for crm_id in crm.invoices))
        await self.stage.until_quiet()
        assert self.written() == before
        await self.no_open_end()

    async def no_open_end(self) -> None:
        for row in await self.stage.log():
            assert row.status in ("SUCCESS", "SKIPPED", "IN_DOUBT"), row
            assert row.completedAt is not None and (row.intent is None or row.status == "IN_DOUBT"), row

    def written(self) -> list[str]:
        return [*self.stage.writes("crm"), *self.stage.writes("finance")]

    async def successes(self, operation: str) -> int:
        return sum(row.status == "SUCCESS" and row.operation == operation for row in await self.stage.log())

    async def pair(self) -> tuple[Any, dict[str, Any]]:
        """The one mapping, and the one contact that it points to."""
        [mapping] = await self.stage.rows("""SELECT * FROM "EntityMapping" WHERE "entityType" = 'CUSTOMER'""")
        [(code, contact)] = self.stage.box.finance.contacts.items()
        assert mapping.financeId == str(code)
        return mapping, contact

    async def in_doubt(self) -> int:
        return sum(row.status == "IN_DOUBT" and row.resolvedAt is None for row in await self.stage.log())


Act = Callable[[Trial, Site], Awaitable[None]]
Step = Callable[[Trial], Awaitable[None]]


async def job(trial: Trial, site: Site) -> None:
    await trial.stage.work(site)


async def deaths(
    db: MortalDatabase, prepare: Step, act: Act, *, moods: dict[str, Any] | None = None, **rules: Any
) -> AsyncIterator[Trial]:
    """The trials of a flow: it dies at its first step, then at its second, until one runs to its end."""
    step = 0
    while True:
        step += 1
        trial = Trial(await stage(db, **(moods or {}), **rules))
        await prepare(trial)
        trial.stage.box.journal.clear()
        life = Life(dies_at=step)
        survived = await ran_to_its_end(act(trial, trial.stage.process(life)))
        trial.died_after = f"step {step}, {life.last}"
        trial.at_death = await trial.stage.log()
        yield trial
        if survived:
            assert step > 8, "the flow has hardly any steps: what is counted?"
            return


async def ran_to_its_end(act: Awaitable[None]) -> bool:
    try:
        await act
    except Killed:
        return False
    except BaseExceptionGroup as group:  # the import dies in several tasks at once
        if group.split(Killed)[1] is not None:
            raise
        return False
    return True


def customer(crm_id: str) -> EntityKey:
    return EntityKey(Entity.CUSTOMER, CrmId(crm_id))


def invoice(trial: Trial) -> EntityKey:
    [crm_id] = trial.stage.box.crm.invoices
    return EntityKey(Entity.INVOICE, CrmId(crm_id))


# A customer


@pytest.mark.parametrize("number", ["900", ""])
@pytest.mark.parametrize("finance_mood", [*MOODS, FEW[1]], ids=mood_name)
async def test_create(mortal_db: MortalDatabase, finance_mood: FinanceMood, number: str) -> None:
    async def prepare(trial: Trial) -> None:
        await trial.tell(customer(trial.stage.person(customerNumber=number)))

    async for trial in deaths(mortal_db, prepare, job, moods={"finance_mood": finance_mood}):
        await trial.rests()
        _, contact = await trial.pair()
        assert (contact["Name"], contact["MobileNo"]) == ("سارا محمدی", MOBILE), trial.died_after
        assert await trial.successes("CREATE") + await trial.successes("LINK") == 1, trial.died_after
        assert len(trial.stage.writes("finance")) == 1, trial.died_after


@pytest.mark.parametrize("finance_mood", FEW, ids=mood_name)
async def test_update(mortal_db: MortalDatabase, finance_mood: FinanceMood) -> None:
    async def prepare(trial: Trial) -> None:
        crm_id = trial.stage.person()
        await trial.settled(crm_id)
        trial.stage.box.crm.edit(crm_id, nickName="سارا احمدی")

    async for trial in deaths(mortal_db, prepare, job, moods={"finance_mood": finance_mood}):
        await trial.rests()
        _, contact = await trial.pair()
        assert contact["Name"] == "سارا احمدی", trial.died_after
        assert await trial.successes("UPDATE") == 1, trial.died_after
        # An update is repeated where nobody knows whether it arrived: same values, same contact.
        assert len(trial.stage.writes("finance")) in (1, 2), trial.died_after


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("finance_mood", MOODS, ids=mood_name)
async def test_link(mortal_db: MortalDatabase, finance_mood: FinanceMood, same: bool) -> None:
    async def prepare(trial: Trial) -> None:
        name = "سارا محمدی" if same else "س. محمدی"
        code = trial.stage.box.finance.add_contact(Name=name, MobileNo=MOBILE)
        await trial.tell(customer(trial.stage.person(customerNumber=str(code))))

    async for trial in deaths(mortal_db, prepare, job, moods={"finance_mood": finance_mood}):
        await trial.rests()
        _, contact = await trial.pair()
        assert contact["Name"] == "سارا محمدی", trial.died_after
        assert await trial.successes("LINK") == 1, trial.died_after
        assert len(trial.stage.writes("finance")) in ((0,) if same else (1, 2)), trial.died_after


async def test_deactivation(mortal_db: MortalDatabase) -> None:
    async def prepare(trial: Trial) -> None:
        crm_id = trial.stage.person()
        await trial.settled(crm_id)
        trial.stage.box.crm.delete(crm_id)

    async for trial in deaths(mortal_db, prepare, job, on_delete=DeletePolicy.DEACTIVATE):
        await trial.rests()
        _, contact = await trial.pair()
        assert (contact["IsActive"], contact["Name"]) == (False, "سارا محمدی"), trial.died_after


async def test_write_back(mortal_db: MortalDatabase) -> None:
    """Whatever becomes of the code in the CRM, the customer is bound once."""

    async def prepare(trial: Trial) -> None:
        await trial.tell(customer(trial.stage.person()))

    async for trial in deaths(mortal_db, prepare, job, write_back_reference=True):
        await trial.rests()
        await trial.pair()
        assert len(trial.stage.writes("finance")) == 1, trial.died_after


# An invoice


@pytest.mark.parametrize("customer_first", [True, False])
@pytest.mark.parametrize("finance_mood", FEW, ids=mood_name)
async def test_invoice(mortal_db: MortalDatabase, finance_mood: FinanceMood, customer_first: bool) -> None:
    """It is in doubt exactly where it died between the intent and the bound result, and never sent twice."""

    async def prepare(trial: Trial) -> None:
        crm_id = trial.stage.person()
        trial.stage.box.crm.add_document("invoice", crm_id, [LINE], subject="فاکتور")
        if customer_first:
            await trial.tell(customer(crm_id))
            await trial.stage.until_quiet()
        await trial.tell(invoice(trial))

    async for trial in deaths(mortal_db, prepare, job, moods={"finance_mood": finance_mood}):
        doubt = any(row.sourceEntity == "invoice" and row.intent for row in trial.at_death)
        await trial.rests()
        await trial.pair()
        mapped = await trial.stage.rows("""SELECT * FROM "EntityMapping" WHERE "entityType" = 'PREINVOICE'""")
        assert (len(mapped), await trial.in_doubt()) == ((0, 1) if doubt else (1, 0)), trial.died_after
        assert Counter(trial.stage.writes("finance"))["SaveFormData:43D81"] <= 1, trial.died_after
        assert len(trial.stage.box.finance.documents) == 1 or doubt, trial.died_after


async def test_invoice_update(mortal_db: MortalDatabase) -> None:
    async def prepare(trial: Trial) -> None:
        crm_id = trial.stage.box.crm.add_document("invoice", trial.stage.person(), [LINE], subject="نخست")
        await trial.settled(crm_id, Entity.INVOICE)
        trial.stage.box.crm.edit_document(crm_id, subject="دوم", lines=[LINE, LINE])

    async for trial in deaths(mortal_db, prepare, job):
        await trial.rests()
        [document] = trial.stage.box.finance.documents.values()
        assert (document["header"]["namenoesanad"], document["net"]) == ("دوم", 40), trial.died_after
        assert await trial.successes("UPDATE") == 1, trial.died_after
        assert await trial.in_doubt() == 0


# The import


async def import_(trial: Trial, site: Site) -> None:
    await initial_import(site, ImportOptions(concurrency=2), WATCHER)


@pytest.mark.parametrize("crm_mood", [CrmMood(), CrmMood(number_unique=True)], ids=["", "unique"])
async def test_import(mortal_db: MortalDatabase, crm_mood: CrmMood) -> None:
    """Two contacts are created in the CRM, one is linked, one is skipped; echoes come in between."""

    async def prepare(trial: Trial) -> None:
        finance = trial.stage.box.finance
        codes = [finance.add_contact(Name=f"مشتری {n}", MobileNo=f"0912111000{n}") for n in range(3)]
        finance.add_contact(Name="رفته", IsActive=False)
        fields = {"nickName": "مشتری 2", "mobile": "09121110002"}
        trial.stage.person(customerNumber=str(codes[2]), **fields)

    async for trial in deaths(mortal_db, prepare, import_, moods={"crm_mood": crm_mood}):
        crm, finance = trial.stage.box.crm, trial.stage.box.finance
        echoes = dict(crm.persons)
        await trial.tell(*(customer(crm_id) for crm_id in echoes))
        await trial.stage.until_quiet()
        try:
            await import_(trial, trial.stage.site)
        except UsageError:  # it died when all was done
            assert len(crm.persons) == 3
        numbers = Counter(each["customerNumber"] for each in crm.persons.values())
        assert numbers == Counter(map(str, [1, 2, 3])), trial.died_after
        mapped = await trial.stage.rows('SELECT "financeId", "crmId" FROM "EntityMapping"')
        assert {(each.financeId, crm.persons[each.crmId]["customerNumber"]) for each in mapped} == {
            (str(n), str(n)) for n in (1, 2, 3)
        }, trial.died_after
        await trial.rests()
        # The linked one was not compared yet, so the first look at it may write what is there already.
        assert len(trial.stage.writes("finance")) <= 1, trial.died_after
        assert [each["IsActive"] for each in finance.contacts.values()] == [True, True, True, False]


# How a change becomes known


async def test_webhook(mortal_db: MortalDatabase) -> None:
    """The sender got no answer, so it sends again: there is one sync."""

    async def prepare(trial: Trial) -> None:
        trial.stage.person()

    async def act(trial: Trial, site: Site) -> None:
        [crm_id] = trial.stage.box.crm.persons
        await accept(site.db, ChangeNotice(key=customer(crm_id), trigger=Trigger.WEBHOOK))
        await trial.stage.work(site)

    async for trial in deaths(mortal_db, prepare, act):
        accepted = await trial.stage.rows('SELECT 1 FROM "WebhookDelivery"')
        if not accepted:
            assert await trial.stage.jobs() == []
            await trial.tell(*map(customer, trial.stage.box.crm.persons))
        await trial.rests()
        await trial.pair()
        assert len(trial.stage.writes("finance")) == 1, trial.died_after


async def poll_(trial: Trial, site: Site) -> None:
    await poll(site, overlap_seconds=60, max_change_percent=100)


async def test_poll(mortal_db: MortalDatabase) -> None:
    """What it has found is queued although it died, or found again by the next."""

    async def prepare(trial: Trial) -> None:
        await poll_(trial, trial.stage.site)
        for n in range(3):
            trial.stage.clock.pass_seconds(600)
            crm_id = trial.stage.person(customerNumber=str(900 + n), mobile=f"0912111000{n}")
        trial.stage.box.crm.add_document("invoice", crm_id, [LINE])

    async for trial in deaths(mortal_db, prepare, poll_):
        await poll_(trial, trial.stage.site)
        await trial.rests()
        contacts, documents = trial.stage.box.finance.contacts, trial.stage.box.finance.documents
        numbers = sorted(each["tmpid"] for each in contacts.values())
        assert (numbers, len(documents)) == (["900", "901", "902"], 1), trial.died_after
        assert len(trial.stage.writes("finance")) == 4, trial.died_after
