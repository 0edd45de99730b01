"""The finance connector when things go wrong, and what it costs in calls."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from hamgam.errors import InDoubt, NeedsOperator, Reason, Refused, TryLater
from hamgam.model import CustomerProbe, FinanceId, Kind, ProbeReport, System
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.systems.limits import LocalLimiter
from hamgam.systems.ports import RemoteSession
from hamgam.systems.siagh.wire import FISCAL_YEAR
from tests.systems.rigs import TRANSACTION, finance_connector, line, pre_invoice, sandbox_finance

FIELDS = {"name": "نگار راد", "mobile": "09120000000"}
LOST = [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.RESET_MIDWAY]
BROKEN = [FaultKind.BROKEN_BODY, FaultKind.HTML_BODY]


def fault(kind: FaultKind, operation: str = "SaveFormData:*", **more: object) -> Fault:
    return Fault(kind, system="finance", operation=operation, **more)  # type: ignore[arg-type]


async def test_processes_that_share_a_session_do_not_throw_each_other_out() -> None:
    async with sandbox_finance() as rig:
        rig.add(name="a")
        other = finance_connector(rig.box, rig.clock, rig.store)
        for _ in range(3):
            for connector in (rig.connector, other):
                await connector.update_customer(FinanceId("1"), "", {"name": "b"})
                assert [each async for each in connector.customers()]
        assert rig.box.finance.logins == 1
        rig.box.finance.expire_sessions()
        calls = [
            each.update_customer(FinanceId("1"), "", {"name": "c"}) for each in (rig.connector, other) * 5
        ]
        await asyncio.gather(*calls)
        assert rig.box.finance.logins == 2
        rig.box.finance.expire_sessions()
        assert [each async for each in rig.connector.customers()]
        assert rig.box.finance.logins == 3
        await other.aclose()


async def test_a_stream_that_meets_an_ended_session_works_with_a_share_of_one() -> None:
    async with sandbox_finance(limiter=LocalLimiter(1, 0)) as rig:
        code = rig.add(name="a")
        await rig.connector.customer(code)
        rig.box.finance.expire_sessions()
        seen = []
        async for each in rig.connector.customers():
            await rig.connector.update_customer(each.code, "", {"name": "b"})
            seen.append(each.code)
        assert seen == ["1"]
        rig.box.finance.expire_sessions()
        async with asyncio.timeout(5):
            assert await rig.connector.candidates(CustomerProbe(number="1", code=FinanceId("1")))


async def test_wrong_credentials() -> None:
    async with sandbox_finance() as rig:
        wrong = finance_connector(rig.box, rig.clock, rig.store, password="00")
        for _ in range(3):
            with pytest.raises(NeedsOperator) as caught:
                await wrong.deactivate_customer(FinanceId("1"))
            assert caught.value.reason is Reason.BAD_CREDENTIALS
        assert rig.box.finance.failed_logins == 1
        await wrong.aclose()


@pytest.mark.parametrize(("mapped", "believed"), [(0, True), (6, True), (7, False)])
async def test_a_whole_list_with_less_than_half_of_what_is_mapped_is_not_believed(
    mapped: int, believed: bool
) -> None:
    async with sandbox_finance(FinanceMood(filters="none"), mapped=mapped) as rig:
        for name in ("یک", "دو", "سه"):
            rig.add(name=name)

        async def everyone() -> list[FinanceId]:
            return [each.code async for each in rig.connector.customers()]

        for read in (everyone, lambda: rig.connector.candidates(CustomerProbe(number="100-1"))):
            if believed:
                await read()
                continue
            with pytest.raises(TryLater) as caught:
                await read()
            assert caught.value.reason is Reason.BROKEN_ANSWER
        report = await rig.connector.probe()
        assert ("first_rows" in {finding.code for finding in report.findings}) is not believed


@pytest.mark.parametrize("kind", [*LOST, *BROKEN])
async def test_a_save_without_a_readable_answer_is_in_doubt_and_sent_once(kind: FaultKind) -> None:
    async with sandbox_finance() as rig:
        customer = rig.add(name="a")
        saves = [
            lambda: rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION),
            lambda: rig.connector.update_customer(customer, "1", {"name": "b"}),
            lambda: rig.connector.create_document(pre_invoice(customer), transaction_id=TRANSACTION),
        ]
        for save in saves:
            rig.box.journal.clear()
            rig.box.faults.add(fault(kind))
            with pytest.raises(InDoubt) as caught:
                await save()
            assert caught.value.reason is (Reason.BROKEN_ANSWER if kind in BROKEN else Reason.ANSWER_LOST)
            assert len(rig.box.journal.calls("finance", effect="write")) == 1


@pytest.mark.parametrize("kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER])
async def test_after_a_lost_answer_the_contact_is_found_if_it_is_there(kind: FaultKind) -> None:
    async with sandbox_finance(FinanceMood(returns_tmpid=False)) as rig:
        rig.add(name="a")
        rig.box.faults.add(fault(kind))
        with pytest.raises(InDoubt):
            await rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION)
        found = await rig.connector.candidates(CustomerProbe(number="1", exact=FIELDS))
        assert len(found) == (1 if kind is FaultKind.RESET_AFTER else 0)


@pytest.mark.parametrize(
    ("kind", "branch"),
    [(FaultKind.RATE_LIMITED, TryLater), (FaultKind.STATUS, InDoubt), (FaultKind.UNAUTHORIZED, None)],
)
async def test_statuses_of_a_save(kind: FaultKind, branch: type[Exception] | None) -> None:
    async with sandbox_finance() as rig:
        rig.box.faults.add(fault(kind))
        create = rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION)
        if branch is None:
            assert await create == "1"
        else:
            with pytest.raises(branch):
                await create
        assert len(rig.box.finance.contacts) == (1 if branch is None else 0)


@pytest.mark.parametrize("style", ["both", "errors_only", "value_only"])
async def test_a_200_with_a_failure_inside_is_a_failure(style: str) -> None:
    async with sandbox_finance(FinanceMood(error_style=style)) as rig:  # type: ignore[arg-type]
        customer = rig.add(name="a", phone="02188")
        with pytest.raises(Refused) as caught:
            await rig.connector.create_customer(
                Kind.PERSON, "1", {"name": "b", "phone": "02188"}, transaction_id=TRANSACTION
            )
        assert caught.value.reason is Reason.DUPLICATE_PHONE
        assert "شماره تلفن نمی تواند تکراری باشد" in caught.value.detail
        free = pre_invoice(customer, line(price="0", discount=Decimal(0)))
        with pytest.raises(Refused) as caught:
            await rig.connector.create_document(free, transaction_id=TRANSACTION)
        assert caught.value.reason is Reason.BAD_PRICE
        with pytest.raises(Refused) as caught:
            await rig.connector.update_customer(FinanceId("99"), "", {"name": "b"})
        assert caught.value.reason is Reason.BUSINESS_ERROR


async def test_a_build_that_makes_a_new_contact_of_an_update_is_seen() -> None:
    async with sandbox_finance(FinanceMood(update_makes_new=True)) as rig:
        code = rig.add(name="a")
        assert await rig.connector.update_customer(code, "1", {"name": "b"}) == "2"


async def test_a_document_is_written_as_it_is_into_the_sessions_year() -> None:
    async with sandbox_finance(FinanceMood(adds_vat_percent=Decimal(10), persian_digits=True)) as rig:
        rig.box.finance.fiscal_year_override = 1404
        customer = rig.add(name="a")
        document = pre_invoice(
            customer,
            line("P|1", "1E+1", "123456789012.3456"),
            title="پیش|فاکتور",
            notes="خط اول\nخط دوم",
        )
        saved = await rig.connector.create_document(document, transaction_id=TRANSACTION)
        written = rig.box.finance.documents[saved.key]
        assert written["net"] == document.net
        assert written["suid"] == TRANSACTION.hex.upper()
        header = written["header"]
        assert (header["salmali"], header["codecontact"], header["codemoshtari"]) == ("1404", "1", customer)
        assert (header["namenoesanad"], header["tozihat"]) == ("پیش¦فاکتور", "خط اول خط دوم")
        assert written["lines"][0]["codekala"] == "P|1"
        assert saved.net == written["total"], "with the VAT that this build adds"
        issuer = replace(document, contact=77)
        saved = await rig.connector.create_document(issuer, transaction_id=TRANSACTION)
        assert rig.box.finance.documents[saved.key]["header"]["codecontact"] == "77"


async def test_the_year_is_the_one_of_the_session_that_carries_the_save() -> None:
    async with sandbox_finance() as rig:
        rig.box.finance.fiscal_year_override = 1404
        customer = rig.add(name="a")
        await rig.connector.create_document(pre_invoice(customer), transaction_id=TRANSACTION)
        rig.box.finance.fiscal_year_override = 1405
        rig.box.finance.expire_sessions()
        saved = await rig.connector.create_document(pre_invoice(customer), transaction_id=TRANSACTION)
        assert rig.box.finance.documents[saved.key]["header"]["salmali"] == "1405"


async def test_a_session_without_a_year_writes_no_document() -> None:
    async with sandbox_finance() as rig:
        customer = rig.add(name="a")
        await rig.connector.deactivate_customer(customer)
        session = rig.store.sessions[System.FINANCE]
        assert session is not None
        bare = finance_connector(rig.box, rig.clock, rig.store)
        known = {name: value for name, value in session.attributes.items() if name != FISCAL_YEAR}
        rig.store.sessions[System.FINANCE] = RemoteSession(session.token, known)
        with pytest.raises(NeedsOperator) as caught:
            await bare.create_document(pre_invoice(customer), transaction_id=TRANSACTION)
        assert caught.value.reason is Reason.NOT_SUPPORTED
        assert rig.box.finance.documents == {}
        await bare.aclose()


@pytest.mark.parametrize("kind", [FaultKind.BROKEN_BODY, FaultKind.HTML_BODY, FaultKind.RESET_MIDWAY])
async def test_a_list_that_is_cut_short_is_an_error_and_not_the_end(kind: FaultKind) -> None:
    async with sandbox_finance() as rig:
        for number in range(600):
            rig.add(name=f"n{number}")
        rig.box.faults.add(fault(kind, "GetAll"))
        seen = []
        with pytest.raises(TryLater) as caught:
            async for each in rig.connector.customers():
                seen.append(each)
        assert caught.value.reason is Reason.BROKEN_ANSWER
        assert len(seen) < 600
        rig.box.faults.add(fault(kind, "GetAll"))
        with pytest.raises(TryLater):
            await rig.connector.candidates(CustomerProbe(number="1"))


async def test_a_reader_may_stop_early() -> None:
    async with sandbox_finance() as rig:
        for number in range(2000):
            rig.add(name=f"n{number}")
        reader = rig.connector.customers()
        assert (await anext(reader)).code == "1"
        await reader.aclose()
        assert await rig.connector.customer(FinanceId("2000")) is not None


# What a build supports is learnt from its answers


async def test_reading_one_contact_is_learnt_once() -> None:
    async with sandbox_finance(FinanceMood(filters="none")) as rig:
        for number in range(3):
            rig.add(name=f"n{number}")
        assert await rig.connector.customer(FinanceId("2")) is None
        rig.box.journal.clear()
        assert not await rig.connector.reads_one()
        assert await rig.connector.customer(FinanceId("2")) is None
        assert rig.box.journal.entries == []
    async with sandbox_finance() as rig:
        rig.add(name="a")
        assert await rig.connector.customer(FinanceId("2")) is None
        rig.box.journal.clear()
        assert await rig.connector.reads_one()
        assert len(rig.box.journal.entries) == 2, (
            "an empty answer teaches nothing: somebody who is there does"
        )
        assert await rig.connector.reads_one()
        assert len(rig.box.journal.entries) == 2


async def test_an_empty_list_is_no_proof_that_anybody_is_gone() -> None:
    async with sandbox_finance() as rig:
        assert await rig.connector.customer(FinanceId("1")) is None
        assert not await rig.connector.reads_one()


async def test_where_filters_are_ignored_one_pass_serves_all_keys() -> None:
    async with sandbox_finance(FinanceMood(filters="none")) as rig:
        for number in range(5):
            rig.add(name=f"n{number}", national_id=str(number), number=f"100-{number}")
        probe = CustomerProbe(number="100-3", code=FinanceId("1"), national_id="2")
        for calls in (2, 1, 1):
            rig.box.journal.clear()
            found = await rig.connector.candidates(probe)
            assert [each.code for each in found] == ["4", "3"]
            assert len(rig.box.journal.calls("finance", operation="GetAll")) == calls


async def test_where_filters_work_the_list_is_read_whole_once() -> None:
    async with sandbox_finance(FinanceMood(returns_tmpid=False)) as rig:
        rig.add(name="a", national_id="1")
        await rig.connector.customer(FinanceId("1"))
        probe = CustomerProbe(number="100-1", code=FinanceId("2"), national_id="5")
        assert await asyncio.gather(*[rig.connector.candidates(probe) for _ in range(3)]) == [[], [], []]
        assert [entry.method for entry in rig.box.journal.entries].count("GET") == 1
        rig.box.journal.clear()
        assert await rig.connector.candidates(probe) == []
        bodies = [entry.body for entry in rig.box.journal.entries]
        asked = [{"Code": 2}, *({"NationalCode": spelled} for spelled in ("5", "۵", "٥"))]
        assert bodies == asked, "no question about a number that rows do not show"


@pytest.mark.parametrize("returns_tmpid", [True, False])
async def test_a_filter_is_believed_when_it_has_found_somebody(returns_tmpid: bool) -> None:
    mood = FinanceMood(filters="tel_only", unknown_filter="finds_nothing", returns_tmpid=returns_tmpid)
    async with sandbox_finance(mood) as rig:
        for number in range(3):
            rig.add(name=f"n{number}", national_id=f"1{number}", number=f"100-{number}")
        for probe in (
            CustomerProbe(number="100-1", code=FinanceId("2")),
            CustomerProbe(national_id="11"),
            CustomerProbe(number="100-1", national_id="11"),
        ):
            assert [each.code for each in await rig.connector.candidates(probe)] == ["2"]
        assert not await rig.connector.reads_one()


async def test_a_dry_run_reads_and_writes_nothing() -> None:
    async with sandbox_finance(read_only=True) as rig:
        customer = rig.add(name="a")
        assert [each.code async for each in rig.connector.customers()] == [customer]
        assert await rig.connector.customer(customer) is not None
        writes = [
            rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION),
            rig.connector.update_customer(customer, "1", FIELDS),
            rig.connector.deactivate_customer(customer),
            rig.connector.create_document(pre_invoice(customer), transaction_id=TRANSACTION),
            rig.connector.update_document(FinanceId("1"), pre_invoice(customer), transaction_id=TRANSACTION),
        ]
        for write in writes:
            with pytest.raises(Refused) as caught:
                await write
            assert caught.value.reason is Reason.DRY_RUN
        assert rig.box.journal.calls("finance", effect="write") == []


async def test_an_api_that_is_not_there_needs_a_person() -> None:
    async with sandbox_finance() as rig:
        rig.box.faults.add(fault(FaultKind.STATUS, "login", status=404))
        with pytest.raises(NeedsOperator) as caught:
            await rig.connector.deactivate_customer(FinanceId("1"))
        assert caught.value.reason is Reason.WRONG_ADDRESS
        rig.box.faults.add(fault(FaultKind.STATUS, "*", status=404, times=None, skip=1))
        for call in (rig.connector.deactivate_customer(FinanceId("1")), anext(rig.connector.customers())):
            with pytest.raises(NeedsOperator) as caught:
                await call
            assert caught.value.reason is Reason.NOT_SUPPORTED


# The site probe


def found(report: ProbeReport) -> dict[str, str]:
    return {finding.code: finding.value for finding in report.findings}


async def test_the_probe_finds_out_what_the_build_does() -> None:
    async with sandbox_finance() as rig:
        rig.box.finance.fiscal_year_override = 1404
        for number in range(60):
            rig.add(
                name=f"n{number}", number=f"100-{number}", mobile=f"0912{number}", national_id=f"1{number}"
            )
        report = await rig.connector.probe()
        findings = found(report)
        assert findings["fiscal_year"] == "1404"
        assert findings["tmpid"] == "yes"
        assert {name: value for name, value in findings.items() if name.startswith("filters_")} == {
            "filters_Code": "yes",
            "filters_tmpid": "yes",
            "filters_MobileNo": "yes",
            "filters_NationalCode": "yes",
        }
        assert findings["clock_difference_seconds"] == "0", "finance tells whole minutes only"
        assert "first_rows" in report.milliseconds
        assert (report.reachable, report.login) == (True, True)
        assert all(finding.meaning.endswith(".") for finding in report.findings)
        assert rig.box.journal.calls("finance", effect="write") == []


async def test_the_probe_of_a_poor_build_and_of_none() -> None:
    async with sandbox_finance(FinanceMood(returns_tmpid=False, filters="tel_only")) as rig:
        for number in range(3):
            rig.add(name=f"n{number}", mobile=f"0912{number}", phone=f"021{number}")
        findings = found(await rig.connector.probe())
        assert (findings["tmpid"], findings["filters_Code"]) == ("no", "no")
        assert (findings["filters_MobileNo"], findings["filters_TelNo"]) == ("no", "yes")
        await rig.box.take_down("finance")
        report = await rig.connector.probe()
        assert (report.reachable, report.login) == (False, False)
        assert found(report)["first_rows"] == "UNREACHABLE"


async def test_an_answer_that_is_cut_short_is_no_sign_of_life() -> None:
    async with sandbox_finance() as rig:
        await rig.connector.alive()
        rig.box.faults.add(fault(FaultKind.BROKEN_BODY, "GetAll"))
        with pytest.raises(TryLater) as caught:
            await rig.connector.alive()
        assert caught.value.reason is Reason.BROKEN_ANSWER
