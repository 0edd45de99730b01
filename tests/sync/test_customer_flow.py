"""Customers, CRM to finance, over real HTTP: what is written, what is skipped, and what the log says."""

from uuid import uuid4

import pytest

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Kind, Operation, Status
from hamgam.sandbox import CrmMood, Fault, FaultKind, FinanceMood
from hamgam.sync.decide import DeletePolicy
from tests.bench import bench


async def test_a_new_customer_is_created_once(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person(nickName="علی رضایی", email="Ali@Example.com", nationalCode="0012345679")
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.CREATE)
        contact = b.contact(done.finance_id)
        assert contact["Name"] == "علی رضایی"
        assert contact["MobileNo"] == "09121112233"
        assert contact["Email"] == "Ali@Example.com"
        assert contact["NationalCode"] == "0012345679"
        assert (contact["tmpid"], contact["TowardType"], contact["IsActive"]) == ("900", False, True)
        [mapping] = await b.rows('SELECT * FROM "EntityMapping"')
        assert (mapping.crmId, mapping.financeId) == (crm_id, done.finance_id)
        assert mapping.crmChecksum and mapping.financeChecksum and mapping.lastSyncTransactionId
        [row] = await b.log()
        assert (row.status, row.operation, row.direction) == ("SUCCESS", "CREATE", "CRM_TO_FINANCE")
        assert row.transactionId == mapping.lastSyncTransactionId
        assert row.entityMappingId == mapping.id
        assert row.intent is None
        again = await b.sync(crm_id)
        assert again.reason is Reason.CHECKSUM_MATCH
        assert len(b.box.finance.contacts) == 1


async def test_an_edit_updates_only_the_mapped_columns(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        first = await b.sync(crm_id)
        b.box.finance.edit_contact(int(first.finance_id or 0), IsActive=False, CityCode="21")
        b.box.crm.set_phone(crm_id, "Mobile", "09129998877")
        done = await b.sync(crm_id)
        assert (done.status, done.operation, done.finance_id) == (
            Status.SUCCESS,
            Operation.UPDATE,
            first.finance_id,
        )
        contact = b.contact(first.finance_id)
        assert contact["MobileNo"] == "09129998877"
        assert (contact["IsActive"], contact["CityCode"]) == (False, "21")
        assert [(c.field, c.before, c.after) for c in done.changes] == [
            ("mobile", "09121112233", "09129998877")
        ]


async def test_an_update_costs_three_calls_and_an_unchanged_customer_one(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        await b.sync(crm_id)
        b.box.journal.clear()
        b.box.crm.edit(crm_id, nickName="نام تازه")
        await b.sync(crm_id, kind=Kind.PERSON)
        assert b.calls("crm") == ["person/get"]
        assert len(b.calls("finance")) == 2
        b.box.journal.clear()
        await b.sync(crm_id, kind=Kind.PERSON)
        assert b.calls("crm") == ["person/get"]
        assert b.calls("finance") == []


async def test_an_update_costs_two_calls_where_finance_cannot_read_one_contact(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(filters="tel_only")) as b:
        b.box.finance.add_contact(Name="کسی دیگر")
        crm_id = b.person()
        await b.sync(crm_id)
        b.box.crm.edit(crm_id, nickName="این ویرایش یاد می‌دهد")
        await b.sync(crm_id)
        b.box.journal.clear()
        b.box.crm.edit(crm_id, nickName="نام تازه")
        await b.sync(crm_id)
        assert (b.calls("crm"), b.calls("finance")) == (["person/get"], ["SaveFormData:2BFDA"])


@pytest.mark.parametrize("clears", ["email", "website", "description"])
async def test_a_field_that_is_emptied_in_the_crm_is_emptied_in_finance(db: Database, clears: str) -> None:
    column = {"email": "Email", "website": "WebSiteAddress", "description": "Description"}[clears]
    async with bench(db) as b:
        crm_id = b.person(**{clears: "sara.example.com"})
        done = await b.sync(crm_id)
        assert b.contact(done.finance_id)[column] == "sara.example.com"
        b.box.crm.edit(crm_id, **{clears: None})
        await b.sync(crm_id)
        assert not b.contact(done.finance_id)[column]


# Who wins


async def test_crm_edit_wins_over_a_finance_edit_and_the_log_keeps_what_was_overwritten(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        first = await b.sync(crm_id)
        b.box.finance.edit_contact(int(first.finance_id or 0), Name="نام دفتر")
        b.box.crm.edit(crm_id, nickName="نام فروش")
        done = await b.sync(crm_id)
        assert (done.status, done.reason) == (Status.SUCCESS, Reason.CRM_PRIORITY)
        assert b.contact(first.finance_id)["Name"] == "نام فروش"
        row = (await b.log())[-1]
        assert row.targetDataBefore["name"] == "نام دفتر"
        assert row.targetDataAfter["name"] == "نام فروش"


async def test_a_finance_edit_alone_is_left_alone(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        first = await b.sync(crm_id)
        b.box.finance.edit_contact(int(first.finance_id or 0), Name="نام دفتر")
        done = await b.sync(crm_id)
        assert done.reason is Reason.CHECKSUM_MATCH
        assert b.contact(first.finance_id)["Name"] == "نام دفتر"


# Deletes, bad data


async def test_a_delete_in_the_crm_is_ignored_by_default(db: Database) -> None:
    async with bench(db) as b:
        crm_id = b.person()
        done = await b.sync(crm_id)
        b.box.crm.delete(crm_id)
        gone = await b.sync(crm_id)
        assert (gone.status, gone.reason) == (Status.SKIPPED, Reason.DELETED_IN_CRM)
        assert b.contact(done.finance_id)["IsActive"] is True


@pytest.mark.parametrize("unknown_id", ["404", "null"])
async def test_a_delete_can_deactivate_and_touches_nothing_else(db: Database, unknown_id: str) -> None:
    mood = CrmMood(unknown_id=unknown_id)
    async with bench(db, crm_mood=mood, on_delete=DeletePolicy.DEACTIVATE) as b:
        crm_id = b.person()
        done = await b.sync(crm_id)
        before = dict(b.contact(done.finance_id))
        b.box.crm.delete(crm_id)
        gone = await b.sync(crm_id)
        assert b.contact(done.finance_id) == before, "the notice may be early, so it is looked for once more"
        assert gone.reason is Reason.DELETED_IN_CRM
        await b.sync_next()
        assert b.contact(done.finance_id) == before | {"IsActive": False}
        b.box.journal.clear()
        await b.sync(crm_id)
        assert b.writes("finance") == []


async def test_a_customer_nobody_knows_is_skipped(db: Database) -> None:
    async with bench(db) as b:
        done = await b.sync(str(uuid4()))
        assert (done.status, done.reason) == (Status.SKIPPED, Reason.NOT_IN_CRM)


async def test_a_wrong_kind_in_the_notice_does_not_hide_the_customer(db: Database) -> None:
    async with bench(db) as b:
        done = await b.sync(b.person(), kind=Kind.ORGANIZATION)
        assert done.status is Status.SUCCESS


async def test_a_customer_without_a_name_fails_at_once(db: Database) -> None:
    async with bench(db) as b:
        done = await b.sync(b.person(nickName=None, firstName=None, lastName=None))
        assert (done.status, done.reason) == (Status.FAILED, Reason.UNUSABLE_RECORD)


async def test_what_the_wire_cannot_carry_is_replaced_and_said(db: Database) -> None:
    async with bench(db) as b:
        done = await b.sync(b.person(nickName="نام|gn_web_users.isactive=0", description="یک\nدو"))
        assert (done.status, done.reason) == (Status.SUCCESS, Reason.VALUE_REPLACED)
        contact = b.contact(done.finance_id)
        assert contact["IsActive"] is True
        assert "|" not in contact["Name"]
        assert contact["Description"] == "یک دو"
        assert "name" in done.message and "description" in done.message
        again = await b.sync(str(done.key.crm_id))
        assert again.reason is Reason.CHECKSUM_MATCH


# Failures


async def test_a_business_error_fails_at_once_with_its_text(db: Database) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="کسی دیگر", MobileNo="09121112233")
        done = await b.sync(b.person())
        assert (done.status, done.reason, done.again_at) == (
            Status.FAILED,
            Reason.DUPLICATE_PHONE,
            None,
        )
        [row] = await b.log()
        assert "تکراری" in row.errorMessage
        assert row.intent is None


async def test_a_passing_failure_is_retried_and_then_given_up(db: Database) -> None:
    async with bench(db, retries_allowed=2) as b:
        crm_id = b.person()
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=500, times=None))
        for attempt in range(2):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.PENDING, Reason.SERVER_ERROR)
            assert done.again_at is not None
            [row] = await b.log()
            assert (row.status, row.retryCount) == ("PENDING", attempt + 1)
        done = await b.sync(crm_id)
        assert (done.status, done.again_at) == (Status.FAILED, None)
        b.box.faults.clear()
        assert (await b.sync(crm_id)).status is Status.SUCCESS
        failed, succeeded = await b.log()
        assert (failed.status, succeeded.status) == ("FAILED", "SUCCESS")
        assert failed.resolvedAt is not None


@pytest.mark.parametrize("returns_tmpid", [True, False])
@pytest.mark.parametrize("refuses_phone", [True, False])
@pytest.mark.parametrize("number", ["900", ""])
async def test_a_create_whose_answer_was_lost_is_found_and_linked(
    db: Database, returns_tmpid: bool, refuses_phone: bool, number: str
) -> None:
    mood = FinanceMood(returns_tmpid=returns_tmpid, duplicate_phone_refused=refuses_phone)
    async with bench(db, finance_mood=mood) as b:
        crm_id = b.person(customerNumber=number)
        b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:2BFDA"))
        lost = await b.sync(crm_id)
        assert (lost.status, lost.reason) == (Status.PENDING, Reason.ANSWER_LOST)
        [row] = await b.log()
        assert row.intent["operation"] == "CREATE"
        done = await b.sync(crm_id)
        assert (done.status, done.operation) == (Status.SUCCESS, Operation.LINK)
        assert len(b.box.finance.contacts) == 1


async def test_wrong_credentials_wait_for_a_person_and_do_not_hammer(db: Database) -> None:
    async with bench(db, finance_password="0" * 32) as b:
        crm_id = b.person()
        for _ in range(5):
            done = await b.sync(crm_id)
            assert (done.status, done.reason) == (Status.PENDING, Reason.BAD_CREDENTIALS)
        logins = b.box.journal.calls(system="finance", effect="login")
        assert len(logins) <= 2
        [row] = await b.log()
        assert row.retryCount == 0


async def test_a_session_that_ends_in_mid_run_costs_one_login(db: Database) -> None:
    async with bench(db) as b:
        await b.sync(b.person())
        b.box.journal.clear()
        b.box.finance.expire_sessions()
        b.box.crm.expire_sessions()
        done = await b.sync(b.person(customerNumber="901", mobile="09121112234"))
        assert done.status is Status.SUCCESS
        assert len(b.box.journal.calls(effect="login")) == 2


# The reference


async def test_the_finance_code_is_written_back_and_its_echo_writes_nothing(db: Database) -> None:
    async with bench(db, write_back_reference=True) as b:
        crm_id = b.person()
        done = await b.sync(crm_id)
        assert b.box.crm.persons[crm_id]["refId"] == done.finance_id
        b.box.journal.clear()
        echo = await b.sync(crm_id)
        assert echo.reason is Reason.CHECKSUM_MATCH
        assert b.writes("finance") == b.writes("crm") == []
