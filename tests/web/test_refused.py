"""A failure shows the values that it is about, and whether what was made of them has left Hamgam."""

from typing import Any

import pytest

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from hamgam.sandbox import Fault, FaultKind
from tests.bench import bench
from tests.web.conftest import AddSync, FakeClock, Installation
from tests.web.signed_in import asking_as
from tests.web.test_evidence import MOBILE, NATIONAL_ID, api_of, asks, page_of


def refused(**values: Any) -> dict[str, Any]:
    fields = {"name": "سارا محمدی", "mobile": MOBILE, "phone": "", "national_id": NATIONAL_ID}
    source = {"kind": "person", "number": "900", "fields": fields}
    return {"status": "FAILED", "operation": "CREATE", "sourceData": source} | values


@pytest.mark.parametrize(
    ("reason", "message", "about"),
    [
        ("DUPLICATE_PHONE", "شماره موبایل نمی تواند تکراری باشد. [mobileno]", {"mobile": MOBILE}),
        ("BUSINESS_ERROR", "کد ملی معتبر نیست", {"national_id": NATIONAL_ID}),
        ("DUPLICATE_PHONE", "تکراری", {"mobile": MOBILE, "phone": ""}),
        ("BUSINESS_ERROR", f"خطای ۱۷: {NATIONAL_ID} پذیرفته نشد", {"national_id": NATIONAL_ID}),
        ("BUSINESS_ERROR", "خطای ۱۷", {}),
    ],
)
async def test_a_refused_customer_shows_the_value_to_look_for_and_what_was_sent(
    db: Database, add_sync: AddSync, reason: str, message: str, about: dict[str, str]
) -> None:
    add_sync(**refused(reason=reason, errorMessage=message))
    async with asking_as(Role.OPERATOR, Installation(clock=FakeClock()), db) as client:
        [told] = (await client.get("/api/v1/attention")).json()["items"]
        assert told["concerned"] == about
        whole = (await client.get(f"/api/v1/attention/{told['id']}")).json()
        sent = whole["sent"]
        assert whole["wasSent"] is True
        assert (sent["number"], sent["mobile"], sent["national_id"]) == ("900", MOBILE, NATIONAL_ID)
        listed = (await client.get("/attention?lang=en")).text
        assert all(f"<bdi>{value}</bdi>" in listed for value in about.values() if value)
        page = (await client.get(f"/attention/{told['id']}?lang=en")).text
        assert WORDS["en"]["ask.sent"] in page and f'href="/syncs/{told["id"]}"' in page + listed


@pytest.mark.parametrize(
    ("message", "about"),
    [
        ("قیمت ردیف ۲ درست وارد نشده است [price]", {"line": "2", "product": "K-2", "price": "0"}),
        ("کالای ردیف 1 درست وارد نشده است", {"line": "1", "product": "K-1"}),
        ("مشتری یافت نشد. [codemoshtari]", {"customer": "77"}),
        ("قیمت ردیف 3 درست وارد نشده است", {}),
        ("قیمت ردیف 0 درست وارد نشده است", {}),
        ("خطای ۱۷", {}),
    ],
)
async def test_a_refused_document_names_its_line(
    db: Database, add_sync: AddSync, message: str, about: dict[str, str]
) -> None:
    lines = [{"product": "K-1", "quantity": "1", "price": "1500000"}, {"product": "K-2", "price": "0"}]
    document = {"customer": "77", "net": "1500000", "lines": lines}
    kind = {"entityType": "PREINVOICE", "sourceEntity": "invoice", "reason": "BAD_PRICE"}
    add_sync(**refused(targetDataAfter=document, errorMessage=message, **kind))
    async with asking_as(Role.VIEWER, Installation(clock=FakeClock()), db) as client:
        [told] = (await client.get("/api/v1/attention")).json()["items"]
        assert told["concerned"] == about
        page = (await client.get(f"/attention/{told['id']}?lang=en")).text
        assert page.count('<tr class="differs">') == ("line" in about)


async def test_an_import_that_the_crm_refuses_shows_the_number_that_is_taken(db: Database) -> None:
    taken = "شماره مشتری تکراری است."
    async with bench(db) as b:
        code = b.box.finance.add_contact(Name="سارا محمدي", MobileNo=MOBILE)
        refusal = Fault(FaultKind.STATUS, system="crm", operation="person/create", status=400, text=taken)
        b.box.faults.add(refusal)
        await b.run_import()
        row = await asks(b)
        told = await api_of(b, str(row.id))
        assert (told["error"], told["concerned"]) == ("duplicate number", {"number": str(code)})
        assert (told["sent"]["number"], told["wasSent"]) == (str(code), True)
        assert f"<bdi>{code}</bdi>" in await page_of(b, "/attention")
        await b.rows('UPDATE "RecordName" SET number = :number RETURNING 1', number=NATIONAL_ID)
        told = await api_of(b, str(row.id), Role.VIEWER)
        assert told["concerned"] == {"number": "•••78"}


async def test_what_never_left_is_not_called_sent(db: Database, add_sync: AddSync) -> None:
    add_sync(**refused(reason="UNREACHABLE", errorMessage="the connection could not be made"))
    async with asking_as(Role.VIEWER, Installation(clock=FakeClock()), db) as client:
        [told] = (await client.get("/api/v1/attention")).json()["items"]
        whole = (await client.get(f"/api/v1/attention/{told['id']}")).json()
        assert (whole["wasSent"], whole["sent"]["mobile"]) == (False, "0912•••33")
        page = (await client.get(f"/attention/{told['id']}?lang=en")).text
        assert WORDS["en"]["ask.meant"] in page and WORDS["en"]["ask.sent"] not in page
        assert "0912•••33" in page and MOBILE not in page and NATIONAL_ID not in page


async def test_a_viewer_is_shown_the_value_masked(db: Database, add_sync: AddSync) -> None:
    add_sync(**refused(reason="DUPLICATE_PHONE", errorMessage="شماره موبایل تکراری است"))
    async with asking_as(Role.VIEWER, Installation(clock=FakeClock()), db) as client:
        assert "0912•••33" in (await client.get("/attention")).text
        [told] = (await client.get("/api/v1/attention")).json()["items"]
        assert told["concerned"] == {"mobile": "0912•••33"}
