"""What one entity needs: every combination of what can be seen, each with the one right choice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from hamgam.errors import Reason
from hamgam.model import (
    ChangeNotice,
    CrmCustomer,
    CrmId,
    Entity,
    EntityKey,
    EntityMapping,
    FinanceContact,
    FinanceId,
    Kind,
    TransactionId,
    Trigger,
)
from hamgam.sync.decide import (
    DELETED,
    Ask,
    Create,
    Deactivate,
    DeletePolicy,
    InvoiceUpdatePolicy,
    Link,
    Skip,
    Update,
    Wait,
    before_reading,
    decide_customer,
    decide_document,
)
from hamgam.sync.match import Match, NoMatch, OneMatch, Unclear

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
OURS = TransactionId(UUID(int=1))
FOREIGN = TransactionId(UUID(int=2))
GATE = 10.0
KEY = EntityKey(Entity.CUSTOMER, CrmId("c"))
CODE = FinanceId("7")
CUSTOMER = CrmCustomer(id=CrmId("c"), kind=Kind.PERSON, number="1", fields={}, modified_at=None)
CONTACT = FinanceContact(code=FinanceId("8"), kind=Kind.PERSON, number=None, fields={})

BLOCKED = (None, "7 was sent, 9 was written")
STORED = (None, "same", "other", DELETED)
MATCHES: tuple[Match, ...] = (
    NoMatch(),
    OneMatch(CONTACT),
    Unclear(Reason.AMBIGUOUS_MATCH, (CODE,)),
    Unclear(Reason.MATCH_TAKEN, (CODE,)),
    Unclear(Reason.KIND_MISMATCH, (CODE,)),
)


def mapped(
    *,
    transaction: TransactionId | None = None,
    synced: datetime | None = None,
    checksum: str | None = None,
    blocked: str | None = None,
    kind: Kind | None = Kind.PERSON,
) -> EntityMapping:
    return EntityMapping(
        id=UUID(int=0),
        entity=Entity.CUSTOMER,
        crm_id=CrmId("c"),
        finance_id=CODE,
        kind=kind,
        transaction_id=transaction,
        last_sync_at=synced,
        crm_checksum=checksum,
        finance_checksum=None,
        crm_updated_at=None,
        blocked=blocked,
    )


def notice(trigger: Trigger, transaction: TransactionId | None = None) -> ChangeNotice:
    return ChangeNotice(key=KEY, trigger=trigger, transaction_id=transaction)


# Before anything is read


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("said", [None, OURS, FOREIGN])
@pytest.mark.parametrize("stored", [None, OURS])
@pytest.mark.parametrize("age", [None, -3600.0, -0.001, 0.0, 9.999, 10.0, 3600.0])
def test_the_checks_before_reading(
    trigger: Trigger, said: TransactionId | None, stored: TransactionId | None, age: float | None
) -> None:
    synced = None if age is None else NOW - timedelta(seconds=age)
    decision = before_reading(notice(trigger, said), mapped(transaction=stored, synced=synced), NOW, GATE)
    by_person = trigger in (Trigger.MANUAL, Trigger.RECONCILE)
    if said == OURS and stored == OURS:
        assert decision == Skip(Reason.OWN_TRANSACTION)
    elif not by_person and synced is not None and age in (0.0, 9.999):
        assert decision == Wait(synced + timedelta(seconds=GATE))
    else:
        assert decision is None


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("said", [None, OURS])
def test_who_is_not_mapped_is_always_looked_at(trigger: Trigger, said: TransactionId | None) -> None:
    assert before_reading(notice(trigger, said), None, NOW, GATE) is None


def test_an_absent_transaction_is_not_an_own_one() -> None:
    assert before_reading(notice(Trigger.WEBHOOK), mapped(transaction=None), NOW, GATE) is None


@pytest.mark.parametrize("ahead", [0.5, 9, 3600, 10**8])
def test_a_clock_that_was_set_back_never_shuts_the_gate(ahead: float) -> None:
    synced = NOW + timedelta(seconds=ahead)
    assert before_reading(notice(Trigger.WEBHOOK), mapped(synced=synced), NOW, GATE) is None


def test_a_gate_of_zero_seconds_is_always_open() -> None:
    assert before_reading(notice(Trigger.POLL), mapped(synced=NOW), NOW, 0) is None


def test_the_wait_ends_after_now_and_within_the_gate() -> None:
    for tenth in range(100):
        synced = NOW - timedelta(seconds=tenth / 10)
        decision = before_reading(notice(Trigger.WEBHOOK), mapped(synced=synced), NOW, GATE)
        assert isinstance(decision, Wait)
        assert NOW < decision.until <= NOW + timedelta(seconds=GATE)
        opened = before_reading(notice(Trigger.WEBHOOK), mapped(synced=synced), decision.until, GATE)
        assert opened is None


# Customers


def mappings() -> Iterator[EntityMapping]:
    for stored, blocked in product(STORED, BLOCKED):
        for kind in (None, *Kind):
            yield mapped(checksum=stored, blocked=blocked, kind=kind)


@pytest.mark.parametrize("on_delete", DeletePolicy)
@pytest.mark.parametrize("found", MATCHES)
def test_a_mapped_customer(on_delete: DeletePolicy, found: Match) -> None:
    for known in mappings():
        decision = decide_customer(CUSTOMER, "same", known, found, on_delete)
        if known.crm_checksum == "same":
            assert decision == Skip(Reason.CHECKSUM_MATCH)
        elif known.blocked:
            assert decision == Ask(Reason.OTHER_CODE, (CODE,))
        elif known.kind is Kind.ORGANIZATION:
            assert decision == Ask(Reason.KIND_MISMATCH, (CODE,))
        else:
            assert decision == Update(CODE)


@pytest.mark.parametrize("on_delete", DeletePolicy)
@pytest.mark.parametrize("found", MATCHES)
def test_a_customer_without_a_mapping(on_delete: DeletePolicy, found: Match) -> None:
    decision = decide_customer(CUSTOMER, "same", None, found, on_delete)
    match found:
        case NoMatch():
            assert decision == Create()
        case OneMatch(contact):
            assert decision == Link(contact)
        case Unclear(reason, codes):
            assert decision == Ask(reason, codes)


@pytest.mark.parametrize("on_delete", DeletePolicy)
@pytest.mark.parametrize("found", MATCHES)
def test_a_customer_who_is_gone(on_delete: DeletePolicy, found: Match) -> None:
    assert decide_customer(None, "", None, found, on_delete) == Skip(Reason.NOT_IN_CRM)
    for known in mappings():
        decision = decide_customer(None, "", known, found, on_delete)
        writes = on_delete is DeletePolicy.DEACTIVATE and known.crm_checksum != DELETED and not known.blocked
        if writes:
            assert decision == Deactivate(CODE)
        else:
            assert not isinstance(decision, Deactivate | Create | Update | Link)


def test_a_deactivated_customer_who_comes_back_is_written_again() -> None:
    decision = decide_customer(CUSTOMER, "same", mapped(checksum=DELETED), NoMatch(), DeletePolicy.DEACTIVATE)
    assert decision == Update(CODE)


def test_a_block_stops_the_deactivation_too() -> None:
    """The build that answers another code would make a second contact once more."""
    known = mapped(checksum="same", blocked=BLOCKED[1])
    decision = decide_customer(None, "", known, NoMatch(), DeletePolicy.DEACTIVATE)
    assert decision == Ask(Reason.OTHER_CODE, (CODE,))


# Documents


@pytest.mark.parametrize("policy", InvoiceUpdatePolicy)
def test_a_document(policy: InvoiceUpdatePolicy) -> None:
    assert decide_document("same", None, policy) == Create()
    for known in mappings():
        decision = decide_document("same", known, policy)
        if known.crm_checksum == "same":
            assert decision == Skip(Reason.CHECKSUM_MATCH)
        elif known.blocked:
            assert decision == Ask(Reason.OTHER_CODE, (CODE,))
        elif policy is InvoiceUpdatePolicy.REVIEW:
            assert decision == Ask(Reason.REVIEW_REQUIRED, (CODE,))
        else:
            assert decision == Update(CODE)


@pytest.mark.parametrize("policy", InvoiceUpdatePolicy)
def test_a_document_that_is_mapped_is_never_created_again(policy: InvoiceUpdatePolicy) -> None:
    for known in mappings():
        assert not isinstance(decide_document("same", known, policy), Create)
