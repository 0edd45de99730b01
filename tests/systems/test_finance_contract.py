"""What every finance connector promises: the connector over the sandbox in each mood, and the fake."""

from collections.abc import AsyncIterator

import pytest

from hamgam.model import CustomerProbe, FinanceContact, FinanceId, Kind
from hamgam.sandbox import FinanceMood
from tests.systems.rigs import TRANSACTION, FakeFinanceRig, FinanceRig, line, pre_invoice, sandbox_finance

MOODS = {
    "standard": FinanceMood(),
    "no tmpid": FinanceMood(returns_tmpid=False),
    "tel filter only": FinanceMood(filters="tel_only"),
    "no filters": FinanceMood(filters="none"),
    "no tmpid, no filters": FinanceMood(returns_tmpid=False, filters="none"),
    "persian messages": FinanceMood(persian_digits=True, warns=True),
    "silent": FinanceMood(reports_total=False, duplicate_phone_refused=False),
}


@pytest.fixture(params=["fake", "poor fake", *MOODS])
async def finance(request: pytest.FixtureRequest) -> AsyncIterator[FinanceRig]:
    if "fake" in request.param:
        rich = request.param == "fake"
        yield FakeFinanceRig(returns_number=rich, reads_one=rich)
        return
    async with sandbox_finance(MOODS[request.param]) as rig:
        yield rig


async def everyone(finance: FinanceRig) -> dict[FinanceId, FinanceContact]:
    return {each.code: each async for each in finance.connector.customers()}


class TestFinance:
    async def test_every_contact_is_read(self, finance: FinanceRig) -> None:
        assert await everyone(finance) == {}
        codes = [finance.add(kind, "100-1", name=f"n{number}") for number in range(3) for kind in Kind]
        found = await everyone(finance)
        assert list(found) == codes
        assert [found[code].kind for code in codes] == [kind for _ in range(3) for kind in Kind]
        first = found[codes[0]]
        assert first.number == ("100-1" if finance.returns_number else None)
        assert (first.fields["name"], first.fields["email"]) == ("n0", "")
        assert first.active
        assert not first.administrator

    async def test_what_is_created_reads_back_as_it_can_be_stored(self, finance: FinanceRig) -> None:
        fields = {
            "name": "شرکت|gn_web_users.isactive=0",
            "mobile": "09120000000",
            "phone": "02188000000",
            "email": "n@example.com",
            "website": "https://example.com/?a=b",
            "address": "تهران\nونک\u2028میدان",
            "postal_code": "1234567890",
            "national_id": "14001234567",
            "description": "",
        }
        storable = finance.connector.storable(fields)
        assert storable["name"] == "شرکت¦gn_web_users.isactive=0"
        for kind in Kind:
            own = {**fields, "mobile": f"0912000000{len(kind)}", "phone": f"0218800000{len(kind)}"}
            code = await finance.connector.create_customer(kind, "100-7", own, transaction_id=TRANSACTION)
            found = (await everyone(finance))[code]
            assert (found.kind, found.active) == (kind, True)
            assert found.number == ("100-7" if finance.returns_number else None)
            assert dict(found.fields) == dict(finance.connector.storable(own))

    async def test_an_update_writes_the_given_fields_only(self, finance: FinanceRig) -> None:
        code = finance.add(name="کهنه", mobile="0912", address="تهران", description="یادداشت")
        fields = {"name": "نو", "description": "", "national_id": "1"}
        assert await finance.connector.update_customer(code, "100-9", fields) == code
        after = (await everyone(finance))[code]
        assert after.fields["name"] == "نو"
        assert after.fields["description"] == ""
        assert after.fields["national_id"] == "1"
        assert (after.fields["mobile"], after.fields["address"]) == ("0912", "تهران")
        assert after.number == ("100-9" if finance.returns_number else None)
        await finance.connector.update_customer(code, "", {"email": "n@example.com"})
        assert (await everyone(finance))[code].number == after.number

    async def test_a_deactivation_touches_nothing_else(self, finance: FinanceRig) -> None:
        code = finance.add(Kind.ORGANIZATION, "100-1", name="نگار", mobile="0912")
        before = (await everyone(finance))[code]
        assert await finance.connector.deactivate_customer(code) == code
        after = (await everyone(finance))[code]
        assert not after.active
        assert (after.fields, after.number, after.kind) == (before.fields, before.number, before.kind)
        await finance.connector.update_customer(code, "", {"name": "نو"})
        assert not (await everyone(finance))[code].active, "an update makes nobody active"

    async def test_one_contact_where_it_is_cheap(self, finance: FinanceRig) -> None:
        codes = [finance.add(name=name) for name in ("یک", "دو", "سه")]
        for code in codes:
            found = await finance.connector.customer(code)
            if finance.reads_one:
                assert found == (await everyone(finance))[code]
            else:
                assert found is None
        assert await finance.connector.customer(FinanceId("99999")) is None
        assert await finance.connector.customer(FinanceId("no code")) is None

    async def test_who_is_gone_can_be_told_from_who_cannot_be_read(self, finance: FinanceRig) -> None:
        finance.add(name="یک")
        assert await finance.connector.customer(FinanceId("99999")) is None
        assert await finance.connector.reads_one() is finance.reads_one

    async def test_candidates_by_number(self, finance: FinanceRig) -> None:
        finance.add(number="100-6", name="other")
        code = finance.add(number="100-7", name="نگار")
        for _ in range(3):
            found = await finance.connector.candidates(CustomerProbe(number="100-7"))
            assert [each.code for each in found] == ([code] if finance.returns_number else [])
        assert await finance.connector.candidates(CustomerProbe(number="100-70")) == []

    async def test_candidates_by_code_where_no_other_number_speaks_against_it(
        self, finance: FinanceRig
    ) -> None:
        bare, taken = finance.add(name="a"), finance.add(number="55", name="b")
        for _ in range(2):
            found = await finance.connector.candidates(CustomerProbe(number="1001", code=bare))
            assert [each.code for each in found] == [bare]
            found = await finance.connector.candidates(CustomerProbe(number="1002", code=taken))
            assert [each.code for each in found] == ([] if finance.returns_number else [taken])

    async def test_candidates_by_national_id(self, finance: FinanceRig) -> None:
        codes = [finance.add(national_id="0012345678", name=name) for name in ("a", "b")]
        finance.add(national_id="0012345679", name="c")
        for _ in range(2):
            found = await finance.connector.candidates(CustomerProbe(number="9", national_id="0012345678"))
            assert [each.code for each in found] == codes
        assert await finance.connector.candidates(CustomerProbe()) == []

    @pytest.mark.parametrize("fields", [{"mobile": "09121234567"}, {"phone": "02188"}, {}], ids=str)
    async def test_candidates_by_the_values_that_were_sent(
        self, finance: FinanceRig, fields: dict[str, str]
    ) -> None:
        sent = {"name": "نگار|راد", "address": "تهران", **fields}
        finance.add(name="نگار¦راد", address="شیراز")
        code = await finance.connector.create_customer(Kind.PERSON, "", sent, transaction_id=TRANSACTION)
        finance.add(name="کسی")
        for _ in range(2):
            found = await finance.connector.candidates(CustomerProbe(number="100-1", exact=sent))
            assert [each.code for each in found] == [code]
        other = CustomerProbe(number="100-1", exact={**sent, "name": "دیگری"})
        assert await finance.connector.candidates(other) == []

    async def test_candidates_best_first_and_each_once(self, finance: FinanceRig) -> None:
        exact = {"name": "نگار", "mobile": "09121234567"}
        values = finance.add(**exact)
        by_id = finance.add(national_id="12", name="x")
        by_number = finance.add(number="100-7", national_id="12", name="y")
        probe = CustomerProbe(number="100-7", code=values, national_id="12", exact=exact)
        expected = [by_number, values, by_id] if finance.returns_number else [values, by_id, by_number]
        for _ in range(2):
            found = await finance.connector.candidates(probe)
            assert [each.code for each in found] == expected

    async def test_documents(self, finance: FinanceRig) -> None:
        customer = finance.add(name="نگار")
        document = pre_invoice(customer, line(), line("P-2", "1", "2000000"), notes="a|b")
        first = await finance.connector.create_document(document, transaction_id=TRANSACTION)
        second = await finance.connector.create_document(document, transaction_id=TRANSACTION)
        assert first.key != second.key
        assert first.number != second.number
        assert first.number.isdecimal()
        assert first.net in (document.net, None)
        shorter = pre_invoice(customer, line("P-3", "1", "5"))
        again = await finance.connector.update_document(first.key, shorter, transaction_id=TRANSACTION)
        assert (again.key, again.number) == (first.key, first.number)
        assert again.net in (shorter.net, None)

    async def test_a_sign_of_life_with_and_without_contacts(self, finance: FinanceRig) -> None:
        await finance.connector.alive()
        for _ in range(600):
            finance.add(name="نگار")
        await finance.connector.alive()

    async def test_a_probe_logs_in_and_changes_nothing(self, finance: FinanceRig) -> None:
        finance.add(number="100-1", name="نگار", mobile="0912", national_id="1")
        finance.add(number="100-2", name="علی")
        before = await everyone(finance)
        report = await finance.connector.probe()
        assert report.login
        assert report.reachable
        assert await everyone(finance) == before
