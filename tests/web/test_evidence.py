"""What a person settles a row by: all that was sent, and what finance holds now or cannot be asked."""

import re
from decimal import Decimal
from typing import Any

import pytest

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.model import Entity
from hamgam.people.roles import Role
from hamgam.sandbox import Fault, FaultKind, FinanceMood
from hamgam.trail import worklist
from tests.bench import Bench, bench
from tests.sync.test_document_flow import SAVE, document, line
from tests.web.conftest import WITH_WEBHOOKS, AddSync, FakeClock, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed
from tests.web.test_records import installed

NATIONAL_ID, MOBILE = "0012345678", "09121112233"


async def asks(b: Bench) -> Any:
    wanted = worklist.Wanted()
    [row] = await worklist.rows(b.db, wanted, oldest_first=False, after=None, limit=9)
    return row


async def page_of(b: Bench, path: str, role: Role = Role.OPERATOR, lang: str = "en") -> str:
    async with asking_as(role, installed(b), b.db) as client:
        answer = await client.get(path, headers={"accept-language": lang})
        assert answer.status_code == 200
        assert well_formed(re.sub(r"<(input|option)\b[^>]*>|</option>", "", answer.text))
        return answer.text


async def api_of(b: Bench, path: str, role: Role = Role.OPERATOR) -> Any:
    async with asking_as(role, installed(b), b.db) as client:
        return (await client.get(f"/api/v1/attention/{path}")).json()


async def in_doubt(b: Bench) -> Any:
    customer = b.person(nationalCode=NATIONAL_ID)
    crm_id = document(b, customer=customer, lines=[line(), line(count=Decimal(3), totalDiscount=Decimal(0))])
    b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=SAVE))
    await b.sync(crm_id, entity=Entity.INVOICE)
    return await asks(b)


async def test_a_document_in_doubt_shows_whom_how_much_when_and_by_which_id(db: Database) -> None:
    async with bench(db) as b:
        row = await in_doubt(b)
        [sent] = b.box.finance.documents.values()
        listed = await page_of(b, "/attention")
        assert "سارا محمدی" in listed and "6,790,019.875" in listed
        page = await page_of(b, f"/attention/{row.id}")
        for evidence in (
            "سارا محمدی",
            f"/records/customer/{row.customerId}",
            "1,234,567.25",
            "3,086,318.125",
            "3,703,701.75",
            "6,790,019.875",
            row.intent["transactionId"],
            sent["suid"],
            "no way to ask for pre-invoices",
        ):
            assert evidence in page, evidence
        told = await api_of(b, str(row.id))
        assert (told["customerName"], told["sent"]["net"]) == ("سارا محمدی", "6790019.875")
        assert [Decimal(each["net"]) for each in told["sent"]["lines"]] == [
            Decimal("3086318.125"),
            Decimal("3703701.75"),
        ]
        assert "rials" in listed and "(rials)" in page and "_In_Suid</" not in page
        persian = await page_of(b, f"/attention/{row.id}", lang="fa")
        assert '<bdi dir="ltr">۶٬۷۹۰٬۰۱۹٫۸۷۵</bdi> ریال' in persian


async def test_a_customer_who_has_another_name_since_is_told_by_both(db: Database) -> None:
    async with bench(db) as b:
        row = await in_doubt(b)
        told = await api_of(b, str(row.id))
        assert (told["customerName"], told["customerNameThen"]) == ("سارا محمدی",) * 2
        assert (told["customerRenamed"], told["wasSent"]) == (False, True)
        assert WORDS["en"]["ask.sent.renamed"] not in await page_of(b, f"/attention/{row.id}")
        b.box.crm.edit(row.customerId, nickName="سارا کریمی")
        await b.sync(row.customerId)
        told = await api_of(b, str(row.id))
        assert (told["customerName"], told["customerNameThen"]) == ("سارا کریمی", "سارا محمدی")
        assert told["customerRenamed"] and (await api_of(b, str(row.id), Role.VIEWER))["customerRenamed"]
        assert WORDS["en"]["ask.sent.renamed"] in await page_of(b, f"/attention/{row.id}")
        assert "محمدی" not in await page_of(b, f"/attention/{row.id}", Role.VIEWER)


@pytest.mark.parametrize("now", ["سارا محمدي", ""])
async def test_neither_another_spelling_nor_a_name_that_is_not_known_is_another_name(
    db: Database, now: str
) -> None:
    async with bench(db) as b:
        row = await in_doubt(b)
        await b.rows(
            'UPDATE "RecordName" SET name = :now WHERE id = :id RETURNING 1', now=now, id=row.customerId
        )
        for role in (Role.OPERATOR, Role.VIEWER):
            assert WORDS["en"]["ask.sent.renamed"] not in await page_of(b, f"/attention/{row.id}", role)
            told = await api_of(b, str(row.id), role)
            assert told["customerNameThen"] and not told["customerRenamed"]


async def test_a_viewer_sees_the_sums_and_not_who_it_is(db: Database) -> None:
    async with bench(db) as b:
        row = await in_doubt(b)
        for path in ("/attention", f"/attention/{row.id}", f"/attention/{row.id}?ask=finance"):
            page = await page_of(b, path, Role.VIEWER)
            assert "محمدی" not in page and "6,790,019.875" in page and MOBILE not in page


async def test_the_customer_of_a_document_is_read_from_finance(db: Database) -> None:
    async with bench(db) as b:
        row = await in_doubt(b)
        assert "same" not in await page_of(b, f"/attention/{row.id}")
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert WORDS["en"]["ask.finance.again"] in page
        assert page.count('<span class="pill SUCCESS">same</span>') >= 3


async def conflict(b: Bench) -> Any:
    """Two contacts with one national id, of which one has the mobile of the customer."""
    b.box.finance.add_contact(Name="سارا محمدي", NationalCode=NATIONAL_ID, MobileNo=MOBILE)
    b.box.finance.add_contact(Name="شیما محمودی", NationalCode=NATIONAL_ID, MobileNo="09350000000")
    await b.sync(b.person(nationalCode=NATIONAL_ID, customerNumber=""))
    return await asks(b)


def values(told: Any, name: str) -> dict[str, tuple[str | None, bool | None]]:
    return {
        contact["code"]: (field["finance"], field["equal"])
        for contact in told["contacts"]
        for field in contact["fields"]
        if field["name"] == name
    }


@pytest.mark.parametrize("filters", ["all", "none"])
async def test_the_contacts_of_a_conflict_are_read_and_compared(db: Database, filters: Any) -> None:
    async with bench(db, finance_mood=FinanceMood(filters=filters)) as b:
        row = await conflict(b)
        [first, second] = row.errorMessage.split(", ")
        b.box.journal.clear()
        told = await api_of(b, f"{row.id}/finance")
        assert values(told, "name") == {first: ("سارا محمدي", True), second: ("شیما محمودی", False)}
        assert values(told, "mobile") == {first: (MOBILE, True), second: ("09350000000", False)}
        assert set(values(told, "national_id").values()) == {(NATIONAL_ID, True)}
        assert set(values(told, "kind").values()) == {("person", True)}
        assert b.writes("finance") + b.writes("crm") == []
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert "شیما محمودی" in page and page.count("differs</span>") == 2
        assert f'name="answer" value="{second}"' in page


async def test_the_page_reads_nothing_itself_and_fetches_the_contacts_once_it_stands(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        b.box.journal.clear()
        page = await page_of(b, f"/attention/{row.id}?reason=AMBIGUOUS_MATCH")
        assert b.calls("finance") + b.calls("crm") == []
        again = f'"/attention/{row.id}?reason=AMBIGUOUS_MATCH&amp;ask=finance"'
        assert f"href={again}" in page and f'id="finance" hx-get={again} hx-trigger="load"' in page
        assert page.count('<table class="contacts">') == 1 and f"<bdi>{NATIONAL_ID}</bdi>" in page
        asked = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert 'hx-trigger="load"' not in asked
        assert 'hx-trigger="load"' not in await page_of(b, f"/attention/{row.id}", Role.VIEWER)


async def test_contacts_stand_in_columns_beside_the_customer(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        head = re.findall(r'<th scope="col">(?:Contact )?([^<]*)', page)
        assert head == ["Field", "Payamgostar CRM", *row.errorMessage.split(", ")]
        [name] = re.findall(r'<th scope="row">Name</th>(.*?)</tr>', page, re.DOTALL)
        assert re.findall(r"<bdi>(.*?)</bdi>", name) == ["سارا محمدی", "سارا محمدي", "شیما محمودی"]
        assert re.findall("same|differs</span>", name) == ["same", "differs</span>"]
        assert page.count("This is it</button>") == 3  # one for each contact, and one beside the field


async def test_a_viewer_reads_the_contacts_masked_and_what_differs_plainly(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        told = await api_of(b, f"{row.id}/finance", Role.VIEWER)
        assert [equal for _, equal in values(told, "mobile").values()] == [True, False]
        page = await page_of(b, f"/attention/{row.id}?ask=finance", Role.VIEWER)
        for hidden in ("محمدي", "محمودی", NATIONAL_ID, MOBILE, "09350000000"):
            assert hidden not in page + str(told)
        assert "0912•••33" in page and 'method="post" action="/attention' not in page


async def test_a_contact_can_be_chosen_by_code_when_finance_does_not_answer(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        code = row.errorMessage.split(", ")[1]
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=503, times=None))
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert "Finance could not be read" in page and "You can still decide by the code" in page
        async with asking_as(Role.OPERATOR, installed(b), db) as client:
            given = {"seen": str(row.transactionId), "answer": code}
            assert (await client.post(f"/attention/{row.id}/settle", data=given)).status_code == 303


async def test_a_contact_that_is_gone_and_a_crm_that_is_down_are_told_apart(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        gone = row.errorMessage.split(", ")[0]
        del b.box.finance.contacts[int(gone)]
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", status=500, times=None))
        told = await api_of(b, f"{row.id}/finance")
        assert (told["crm"]["trouble"], told["finance"]["trouble"]) == ("SERVER_ERROR", None)
        assert [(one["found"], one["gone"]) for one in told["contacts"]] == [(False, True), (True, False)]
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert WORDS["en"]["ask.finance.gone"] in page and "The CRM could not be read" in page
        assert f'value="{gone}"' not in page and f'value="{row.errorMessage.split(", ")[1]}"' in page
        assert WORDS["en"]["ask.finance.unseen"] not in page


async def test_a_build_that_cannot_read_one_contact_calls_none_gone(db: Database) -> None:
    async with bench(db, finance_mood=FinanceMood(filters="none")) as b:
        row = await conflict(b)
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", status=500, times=None))
        told = await api_of(b, f"{row.id}/finance")
        assert [(one["found"], one["gone"]) for one in told["contacts"]] == [(False, False)] * 2
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert WORDS["en"]["ask.finance.unseen"] in page and WORDS["en"]["ask.finance.gone"] not in page


async def test_what_is_gone_is_not_looked_for_among_all_contacts(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        del b.box.finance.contacts[int(row.errorMessage.split(", ")[0])]
        b.box.journal.clear()
        told = await api_of(b, f"{row.id}/finance")
        assert [one["gone"] for one in told["contacts"]] == [True, False]
        assert len(b.calls("finance")) == 2


async def test_a_code_by_which_no_contact_can_be_asked_for_is_not_called_gone(
    db: Database, add_sync: AddSync
) -> None:
    async with bench(db) as b:
        b.box.finance.add_contact(Name="سارا")
        add_sync(
            entityType="PREINVOICE",
            sourceEntity="invoice",
            status="FAILED",
            reason="BUSINESS_ERROR",
            targetDataAfter={"customer": "A-12"},
        )
        told = await api_of(b, f"{(await asks(b)).id}/finance")
        assert [(one["code"], one["found"], one["gone"]) for one in told["contacts"]] == [
            ("A-12", False, False)
        ]


def of_crm(page: str) -> dict[str, str]:
    """What stands in the column of the CRM, by the name of the field."""
    cells = re.findall(r'<th scope="row">([^<]+)</th>\s*<td data-label="Payamgostar CRM">(.*?)</td>', page)
    return {name: re.sub(r"<[^>]*>", "", cell) for name, cell in cells}


async def test_a_value_that_was_cleared_in_the_crm_is_not_taken_from_the_log(db: Database) -> None:
    async with bench(db) as b:
        for name in ("سارا محمدي", "شیما محمودی"):
            b.box.finance.add_contact(Name=name, NationalCode=NATIONAL_ID)
        customer = b.person(nationalCode=NATIONAL_ID, customerNumber="")
        await b.sync(customer)
        row = await asks(b)
        assert of_crm(await page_of(b, f"/attention/{row.id}"))["Mobile"] == MOBILE
        b.box.crm.set_phone(customer, "Mobile", "")
        assert "Mobile" not in of_crm(await page_of(b, f"/attention/{row.id}?ask=finance"))
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", status=500, times=None))
        assert of_crm(await page_of(b, f"/attention/{row.id}?ask=finance"))["Mobile"] == MOBILE


async def test_a_customer_that_was_deleted_in_the_crm_is_said_to_be_gone(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        assert (await api_of(b, f"{row.id}/finance"))["customerGone"] is False
        assert WORDS["en"]["ask.crm.gone"] not in await page_of(b, f"/attention/{row.id}?ask=finance")
        b.box.crm.delete(row.sourceEntityId)
        assert (await api_of(b, f"{row.id}/finance"))["customerGone"] is True
        page = await page_of(b, f"/attention/{row.id}?ask=finance")
        assert WORDS["en"]["ask.crm.gone"] in page and "شیما محمودی" in page
        assert set(of_crm(page).values()) == {"—"}
        b.box.faults.add(Fault(FaultKind.STATUS, system="crm", status=500, times=None))
        assert (await api_of(b, f"{row.id}/finance"))["customerGone"] is False


async def test_the_crm_is_shown_as_it_is_now_though_finance_does_not_answer(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        b.box.crm.edit(row.sourceEntityId, nickName="سارا کریمی")
        b.box.faults.add(Fault(FaultKind.STATUS, system="finance", status=503, times=None))
        asked = f"/attention/{row.id}?ask=finance"
        assert of_crm(await page_of(b, asked))["Name"] == "سارا کریمی"
        assert "کریمی" not in await page_of(b, asked, Role.VIEWER)


async def test_a_service_without_remote_systems_says_so(db: Database) -> None:
    async with bench(db) as b:
        row = await conflict(b)
        alone = Installation(dict(WITH_WEBHOOKS), clock=FakeClock())
        async with asking_as(Role.OPERATOR, alone, db) as client:
            answer = await client.get(f"/attention/{row.id}?ask=finance&lang=en")
            assert "This process does not reach the remote systems" in answer.text
            assert (await client.get(f"/api/v1/attention/{row.id}/finance")).status_code == 503
