"""Finance has written another code than the one that was sent: a person says which of the two counts."""

from dataclasses import replace
from typing import Any

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import CrmId, Entity, FinanceId, Operation, SavedDocument, Status, Trigger
from hamgam.sandbox import FinanceMood
from tests.bench import Bench, bench
from tests.jobs.settling import LINE, asking, only_mapping, refused, settled, work


async def other_code(b: Bench, linked: bool) -> tuple[CrmId, str, str]:
    """A customer whose update made a second contact, mapped before or just being linked.

    A build that returns the number shows both contacts to the next look at an unlinked one: AMBIGUOUS_MATCH.
    """
    if linked:
        crm_id = b.person(mobile="")
        sent = str((await b.sync(crm_id)).finance_id)
    else:
        sent = str(b.box.finance.add_contact(Name="قدیمی"))
        crm_id = b.person(mobile="", customerNumber=sent)
    b.box.finance.mood = FinanceMood(update_makes_new=True, returns_tmpid=linked)
    b.box.crm.edit(crm_id, nickName="ویرایش")
    assert (await b.sync(crm_id)).reason is Reason.OTHER_CODE
    [written] = [str(code) for code in b.box.finance.contacts if str(code) != sent]
    return crm_id, sent, written


@pytest.mark.parametrize("linked", [True, False])
async def test_another_code_stops_all_writes_until_a_person_says_which(db: Database, linked: bool) -> None:
    async with bench(db) as b:
        crm_id, sent, written = await other_code(b, linked)
        b.box.journal.clear()
        for name in ("یک", "دو"):
            b.box.crm.edit(crm_id, nickName=name)
            assert (await b.sync(crm_id, trigger=Trigger.MANUAL)).reason is Reason.OTHER_CODE
            row = await asking(b)
            assert (row.status, row.errorMessage) == ("CONFLICT", f"{sent} was sent, {written} was written")
        assert b.writes("finance") == []
        mapped = await b.rows('SELECT "financeId" FROM "EntityMapping"')
        assert [row.financeId for row in mapped] == ([sent] if linked else [])
        assert "--exists" in await refused(b, row.id)


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("choice", ["sent", "written"])
@pytest.mark.parametrize("mended", [True, False])
@pytest.mark.parametrize("filters", ["all", "none"])
async def test_either_code_can_be_chosen(
    db: Database, linked: bool, choice: str, mended: bool, filters: str
) -> None:
    """On a build that still makes new contacts the old one is brought to the CRM's values by hand first."""
    async with bench(db) as b:
        crm_id, sent, written = await other_code(b, linked)
        chosen = sent if choice == "sent" else written
        b.box.finance.mood = FinanceMood(update_makes_new=not mended, returns_tmpid=linked, filters=filters)
        if choice == "sent" and not mended:
            b.box.finance.edit_contact(int(sent), Name="ویرایش")
        await settled(b, (await asking(b)).id, chosen)
        mapping = await only_mapping(b, "CUSTOMER")
        assert (mapping.financeId, mapping.blocked, mapping.crmChecksum) == (chosen, None, None)
        done = await work(b)
        assert (done.status, done.operation, done.finance_id) == (Status.SUCCESS, Operation.LINK, chosen)
        assert b.contact(chosen)["Name"] == "ویرایش"
        assert len(b.box.finance.contacts) == 2
        assert (await b.sync(crm_id)).reason is Reason.CHECKSUM_MATCH
        if mended:
            b.box.crm.edit(crm_id, nickName="بعدی")
            assert (await b.sync(crm_id)).status is Status.SUCCESS
            assert b.contact(chosen)["Name"] == "بعدی"


async def test_a_choice_that_finance_answers_with_yet_another_code_asks_again_once(db: Database) -> None:
    async with bench(db) as b:
        crm_id, sent, _ = await other_code(b, linked=True)
        await settled(b, (await asking(b)).id, sent)
        done = await work(b)
        assert (done.status, done.reason) == (Status.CONFLICT, Reason.OTHER_CODE)
        third = max(b.box.finance.contacts)
        assert (await asking(b)).errorMessage == f"{sent} was sent, {third} was written"
        for _ in range(2):
            assert (await b.sync(crm_id)).reason is Reason.OTHER_CODE
        assert len(b.box.finance.contacts) == 3
        assert (await only_mapping(b, "CUSTOMER")).financeId == sent


class AnswersAnotherKey:
    """Finance, but an edit of a pre-invoice makes a second one."""

    def __init__(self, finance: Any) -> None:
        self._finance = finance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finance, name)

    async def update_document(self, key: FinanceId, document: Any, *, transaction_id: Any) -> SavedDocument:
        return await self._finance.create_document(document, transaction_id=transaction_id)


@pytest.mark.parametrize("choice", [0, 1])
async def test_another_key_of_a_pre_invoice(db: Database, choice: int) -> None:
    async with bench(db) as b:
        crm_id = CrmId(b.box.crm.add_document("invoice", b.person(), [LINE], subject="نخست"))
        await b.sync(crm_id, entity=Entity.INVOICE)
        site = b.site
        b.site = replace(site, finance=AnswersAnotherKey(site.finance))
        b.box.crm.edit_document(crm_id, subject="دوم")
        assert (await b.sync(crm_id, entity=Entity.INVOICE)).reason is Reason.OTHER_CODE
        b.site = site
        keys = list(b.box.finance.documents)
        row = await asking(b)
        assert row.errorMessage == f"{keys[0]} was sent, {keys[1]} was written"
        assert "--exists" in await refused(b, row.id)
        await settled(b, row.id, keys[choice])
        done = await work(b)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.UPDATE,
            keys[choice],
        )
        assert list(b.box.finance.documents) == keys
