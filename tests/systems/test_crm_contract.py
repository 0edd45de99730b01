"""What every CRM connector promises: the connector over the sandbox in each mood, and the fake."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from hamgam.model import CrmId, Entity, EntityKey, FinanceId, Kind, Stream
from hamgam.sandbox import CrmMood
from tests.fakes import START, Clock
from tests.systems.rigs import NOBODY, TRANSACTION, CrmRig, FakeCrmRig, line, sandbox_crm

MOODS = {
    "standard": CrmMood(),
    "other id key": CrmMood(id_key="id", unknown_id="null"),
    "no webhooks": CrmMood(webhook_api=False, webhook_refusal=404),
    "webhooks not allowed": CrmMood(webhook_api=False, webhook_refusal=405),
    "moving pages": CrmMood(moving_pages=True),
    "small pages": CrmMood(page_size_limit=2),
    "whole seconds": CrmMood(fraction_digits=0),
    "seven digits": CrmMood(fraction_digits=7),
    "custom objects": CrmMood(extra_fields=True, refresh_works=False),
}


@pytest.fixture(params=["fake", *MOODS])
async def crm(request: pytest.FixtureRequest) -> AsyncIterator[CrmRig]:
    if request.param == "fake":
        yield FakeCrmRig(Clock())
        return
    async with sandbox_crm(MOODS[request.param]) as rig:
        yield rig


@pytest.fixture
def stirred(request: pytest.FixtureRequest) -> bool:
    """Whether objects move while they are read."""
    return "moving pages" in request.node.name


class TestCrm:
    async def test_reads_a_customer_of_either_kind(self, crm: CrmRig) -> None:
        for kind in Kind:
            crm_id = crm.add(kind, "100-7", name="نگار راد", email="n@example.com", mobile="09120000000")
            for asked in (kind, None):
                found = await crm.connector.customer(crm_id, asked)
                assert found is not None
                assert (found.id, found.kind, found.number) == (crm_id, kind, "100-7")
                assert found.fields["name"] == "نگار راد"
                assert found.fields["email"] == "n@example.com"
                assert found.fields["mobile"] == "09120000000"
                assert found.fields["website"] == ""
                assert found.modified_at is not None
                assert found.modified_at.tzinfo is not None

    async def test_a_customer_that_does_not_exist(self, crm: CrmRig) -> None:
        assert await crm.connector.customer(NOBODY, None) is None
        assert await crm.connector.customer(NOBODY, Kind.ORGANIZATION) is None
        person = crm.add(Kind.PERSON)
        assert await crm.connector.customer(person, Kind.ORGANIZATION) is None

    async def test_what_is_created_reads_back_the_same(self, crm: CrmRig) -> None:
        fields = {
            "name": "نگار | راد",
            "mobile": "09120000000",
            "phone": "02188000000",
            "email": "n@example.com",
            "website": "https://example.com/n",
            "address": "تهران\nونک",
            "postal_code": "1234567890",
            "national_id": "0012345678",
            "description": "",
        }
        for kind in Kind:
            crm_id = await crm.connector.create_customer(kind, "100-8", fields, transaction_id=TRANSACTION)
            found = await crm.connector.customer(crm_id, None)
            assert found is not None
            assert (found.kind, found.number, dict(found.fields)) == (kind, "100-8", fields)

    async def test_numbers_of_all_customers_that_have_one(self, crm: CrmRig, stirred: bool) -> None:
        expected = {crm.add(kind, f"100-{n}"): (f"100-{n}", kind) for n in range(5) for kind in Kind}
        for kind in Kind:
            crm.add(kind)
        rows = [row async for row in crm.connector.customer_numbers()]
        found = {row.id: (row.number, row.kind) for row in rows}
        if not stirred:
            assert found == expected
        assert found.items() <= expected.items()

    async def test_a_customer_by_its_number(self, crm: CrmRig) -> None:
        ids = {number: crm.add(kind, number) for number, kind in zip(("100-1", "100-2"), Kind, strict=True)}
        for number, crm_id in ids.items():
            assert await crm.connector.customer_by_number(number) == crm_id
        assert await crm.connector.customer_by_number("100") is None

    async def test_changes_since_a_moment(self, crm: CrmRig) -> None:
        for stream in (Stream.PERSON, Stream.ORGANIZATION):
            kind = stream.kind
            assert kind is not None
            ids = [crm.add(kind, name=f"n{number}") for number in range(10)]
            crm.edit(ids[4], name="later")
            seen = [change async for page in crm.connector.changes(stream, START) for change in page]
            assert {change.key for change in seen} == {EntityKey(Entity.CUSTOMER, each) for each in ids}
            assert {change.kind for change in seen} == {kind}
            assert len({(change.key, change.modified_at) for change in seen}) == len(seen)
            times = [change.modified_at for change in seen]
            assert times == sorted(times)
            for change in seen:
                assert change.customer is not None
                assert change.customer.id == change.key.crm_id
            since = times[-2]
            again = [change async for page in crm.connector.changes(stream, since) for change in page]
            assert {times[-1], times[-2]} <= {change.modified_at for change in again}
            assert all(change.modified_at >= since for change in again)

    async def test_changes_of_documents(self, crm: CrmRig) -> None:
        customer = crm.add()
        for stream, entity in ((Stream.INVOICE, Entity.INVOICE), (Stream.QUOTE, Entity.QUOTE)):
            ids = [crm.add_document(entity, customer, [line()]) for _ in range(4)]
            seen = [change async for page in crm.connector.changes(stream, START) for change in page]
            assert {change.key for change in seen} == {EntityKey(entity, each) for each in ids}
            assert {change.kind for change in seen} == {None}

    async def test_the_newest_change(self, crm: CrmRig, stirred: bool) -> None:
        assert await crm.connector.newest_change(Stream.PERSON) is None
        crm.add(Kind.PERSON)
        last = crm.add(Kind.PERSON)
        crm.add(Kind.ORGANIZATION)
        newest = await crm.connector.newest_change(Stream.PERSON)
        customer = await crm.connector.customer(last, Kind.PERSON)
        assert customer is not None
        assert newest is not None
        assert newest == customer.modified_at or (stirred and newest < customer.modified_at)

    async def test_a_reference_and_nothing_else_is_written(self, crm: CrmRig) -> None:
        crm_id = crm.add(Kind.PERSON, "100-1", name="نگار", email="n@example.com")
        before = await crm.connector.customer(crm_id, None)
        await crm.connector.set_reference(crm_id, Kind.PERSON, FinanceId("22"))
        after = await crm.connector.customer(crm_id, None)
        assert before is not None
        assert after is not None
        assert after.reference == "22"
        assert (after.number, after.fields) == (before.number, before.fields)

    async def test_documents_keep_every_digit(self, crm: CrmRig) -> None:
        customer = crm.add()
        lines = [line(), line("P-2", "1", "123456789012345.6785")]
        for entity in (Entity.INVOICE, Entity.QUOTE):
            crm_id = crm.add_document(entity, customer, lines)
            found = await crm.connector.document(crm_id, entity)
            assert found is not None
            assert (found.id, found.entity, found.customer_id) == (crm_id, entity, customer)
            assert found.lines == tuple(lines)
            assert found.lines[1].unit_price == Decimal("123456789012345.6785")
            assert await crm.connector.document(CrmId(NOBODY), entity) is None

    async def test_webhooks_where_there_are_any(self, crm: CrmRig) -> None:
        events = ["customer.created", "customer.updated"]
        made = await crm.connector.subscribe("https://hooks.example.com/webhook/crm", events)
        known = await crm.connector.subscriptions()
        if made is None:
            assert known is None
            return
        assert known == [made]
        assert (made.url, set(made.events)) == ("https://hooks.example.com/webhook/crm", set(events))
        await crm.connector.unsubscribe(made.id)
        await crm.connector.unsubscribe(made.id)
        assert await crm.connector.subscriptions() == []

    async def test_a_sign_of_life_with_and_without_customers(self, crm: CrmRig) -> None:
        await crm.connector.alive()
        for _ in range(3):
            crm.add(Kind.PERSON, "100-1", name="نگار")
        await crm.connector.alive()

    async def test_a_probe_logs_in_and_changes_nothing(self, crm: CrmRig) -> None:
        crm_id = crm.add(Kind.PERSON, "100-1", name="نگار")
        before = await crm.connector.customer(crm_id, None)
        report = await crm.connector.probe()
        assert report.login
        assert report.reachable
        assert await crm.connector.customer(crm_id, None) == before
