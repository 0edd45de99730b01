"""An attempt that somebody else has taken over, or that was held up, writes nothing and ends nothing."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Conflict, InDoubt, Reason, SyncError, TryLater
from hamgam.jobs.runner import run_notice
from hamgam.model import (
    ChangeNotice,
    CrmId,
    DocumentLine,
    Entity,
    EntityKey,
    FinanceId,
    Kind,
    Operation,
    PreInvoice,
    Status,
    Trigger,
)
from hamgam.sandbox import Fault, FaultKind
from hamgam.sync import attempt
from hamgam.sync.attempt import Story
from hamgam.sync.site import Outcome
from hamgam.systems.lease import LEASE_SECONDS
from hamgam.trail import log
from tests.bench import Bench, bench


async def test_a_failure_of_an_attempt_that_was_taken_over_does_no_harm(db: Database) -> None:
    async with bench(db) as b:
        key = EntityKey(Entity.CUSTOMER, CrmId(str(uuid4())))
        for error in (
            TryLater(Reason.TIMEOUT),
            Conflict(Reason.AMBIGUOUS_MATCH),
            InDoubt(Reason.ANSWER_LOST),
        ):
            outcome = await attempt.run(b.site, notice(key), taken_over_and_then(error), repeatable=True)
            assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.TAKEN_OVER)
            [row] = await b.log()
            assert (row.status, row.reason) == ("IN_PROGRESS", None)


def notice(key: EntityKey) -> ChangeNotice:
    return ChangeNotice(key=key, trigger=Trigger.WEBHOOK)


def taken_over_and_then(error: SyncError) -> attempt.Flow:
    async def flow(story: Story) -> Outcome:
        site, key = story.site, story.notice.key
        await log.open_attempt(site.db, key, Trigger.WEBHOOK, {}, site.new_transaction(), site.clock())
        raise error

    return flow


# Held up between the intent and the write


class Seconds:
    """A monotonic clock that is set, or that runs on by `step` each time somebody looks."""

    def __init__(self, step: float = 0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize("entity", [Entity.CUSTOMER, Entity.INVOICE])
@pytest.mark.parametrize("taken_over", [True, False])
async def test_a_write_that_was_held_up_leaves_only_if_nobody_else_went_on(
    db: Database, taken_over: bool, entity: Entity
) -> None:
    seconds = Seconds()

    async def flow(story: Story) -> Outcome:
        finance, transaction_id = story.site.finance, story.attempt.transaction_id
        async with story.writing(Operation.CREATE, {"name": "سارا"}):
            seconds.now += LEASE_SECONDS
            if taken_over:
                site, key = story.site, story.notice.key
                await log.open_attempt(
                    site.db, key, Trigger.WEBHOOK, {}, site.new_transaction(), site.clock()
                )
            if entity is Entity.CUSTOMER:
                await finance.create_customer(
                    Kind.PERSON, "", {"name": "سارا"}, transaction_id=transaction_id
                )
            else:
                await finance.create_document(an_order(b), transaction_id=transaction_id)
        return attempt.outcome(story, story.ending(Status.SUCCESS))

    async with bench(db) as b:
        site = replace(b.site, monotonic=seconds)
        key = EntityKey(entity, CrmId(str(uuid4())))
        outcome = await attempt.run(site, notice(key), flow, repeatable=True)
        if taken_over:
            assert (outcome.status, outcome.reason) == (Status.SKIPPED, Reason.TAKEN_OVER)
        else:
            assert outcome.status is Status.SUCCESS
        assert len(b.writes("finance")) == (0 if taken_over else 1)


def an_order(b: Bench) -> PreInvoice:
    return PreInvoice(
        customer_code=FinanceId(str(b.box.finance.add_contact(Name="خریدار"))),
        sale_model=1,
        payment_kind=1,
        sales_center=1,
        sale_kind=1,
        intermediary=0,
        contact=None,
        title="",
        notes="",
        lines=(
            DocumentLine(
                product_code="1",
                product_name="",
                unit="عدد",
                quantity=Decimal(1),
                unit_price=Decimal(10),
                discount=Decimal(0),
            ),
        ),
    )


async def test_a_write_that_is_late_at_the_very_socket_is_tried_again(db: Database) -> None:
    async with bench(db) as b:
        late = replace(b.site, monotonic=Seconds(step=LEASE_SECONDS + 1))
        crm_id = b.person()
        key = EntityKey(Entity.CUSTOMER, crm_id)
        outcome = await run_notice(late, notice(key))
        assert (outcome.status, outcome.reason) == (Status.PENDING, Reason.UNREACHABLE)
        assert b.writes("finance") == []
        [row] = await b.log()
        assert row.intent is None
        assert (await b.sync(crm_id)).status is Status.SUCCESS
        assert len(b.writes("finance")) == 1


async def test_who_takes_over_a_fresh_intent_waits_until_the_write_has_landed(db: Database) -> None:
    """The one who was sending it has lost the database, not finance: its contact is about to be there."""
    async with bench(db) as b:
        crm_id = b.person()
        b.box.faults.add(Fault(FaultKind.RESET_BEFORE, system="finance", operation="SaveFormData:2BFDA"))
        await b.sync(crm_id)
        await b.rows("""UPDATE "SyncLog" SET status = 'IN_PROGRESS' RETURNING 1""")
        b.box.journal.clear()
        early = await b.sync(crm_id, later=False, trigger=Trigger.MANUAL)
        assert (early.status, early.reason) == (Status.PENDING, Reason.ANSWER_LOST)
        assert early.again_at is not None
        assert b.calls("finance") == b.calls("crm") == []
        b.box.finance.add_contact(Name="سارا محمدی", MobileNo="09121112233", tmpid="900")
        b.clock.now = early.again_at
        done = await b.sync(crm_id, later=False)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1
        [row] = await b.log()
        assert row.retryCount == 2, "the lost answer and the process that was gone, but not the wait"
