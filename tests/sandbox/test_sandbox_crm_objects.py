from dataclasses import replace
from decimal import Decimal

import pytest

MISSING = "00000000-0000-4000-8000-000000000000"


async def test_a_person_is_created_read_changed_and_deleted(box, crm):
    crm_id = await crm.create("person", firstName="علی", lastName="رضایی", customerNumber="100-1234")
    assert crm_id == crm_id.lower()
    person = await crm.get("person", crm_id.upper())
    assert person["nickName"] == "علی رضایی"
    assert person["creatDate"] == person["modifyDate"] == "2025-12-21T14:10:20.033"
    assert person["email"] is None and person["identityId"] == crm_id
    status, answer = await crm.verb("person/update", {"crmId": crm_id, "email": "a@example.com"})
    assert (status, answer) == (200, {"crmId": crm_id})
    changed = await crm.get("person", crm_id)
    assert changed | {"email": None, "modifyDate": person["modifyDate"]} == person
    assert changed["modifyDate"] == "2025-12-21T14:10:20.034"
    assert await crm.verb("person/delete", {"id": crm_id, "option": 0}) == (200, None)
    assert (await crm.verb("person/get", {"id": crm_id}))[0] == 404


async def test_unknown_ids_and_the_wrong_kind(box, crm):
    person = box.crm.add_customer("person", nickName="م")
    for crm_id in (person, MISSING):
        assert (await crm.verb("organization/get", {"id": crm_id}))[0] == 404
        assert (await crm.verb("organization/update", {"crmId": crm_id}))[0] == 404
        assert (await crm.verb("organization/delete", {"id": crm_id, "option": None}))[0] == 404
    box.crm.mood = replace(box.crm.mood, unknown_id="null")
    assert await crm.verb("organization/get", {"id": person}) == (200, None)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("person/get", {"id": "12"}),
        ("person/get", {"Id": MISSING}),
        ("person/get", {"id": MISSING, "more": 1}),
        ("person/create", {"NickName": "pascal"}),
        ("person/create", {"phoneContacts": {"phoneNumber": "1"}}),
        ("person/create", {"customerNumber": 12}),
        ("person/update", {"nickName": "no id"}),
        ("invoice/sales/create", {"identityId": MISSING, "details": []}),
        ("invoice/sales/create", {"details": []}),
    ],
)
async def test_bodies_that_a_server_refuses(crm, verb, body):
    status, answer = await crm.verb(verb, body)
    assert status == 400 and answer["message"]


async def test_unknown_fields_stay_and_server_fields_cannot_be_written(crm):
    crm_id = await crm.create(
        "organization", nickName="شرکت", siteThing={"a": [1, None]}, modifyDate="1999-01-01T00:00:00", id="x"
    )
    found = await crm.get("organization", crm_id)
    assert found["siteThing"] == {"a": [1, None]}
    assert found["modifyDate"].startswith("2025-12-21") and "id" not in found


async def test_contacts_get_ids_of_their_own(crm):
    crm_id = await crm.create("person", nickName="م", phoneContacts=[{"phoneType": "Mobile"}, {"id": "own"}])
    first, second = (await crm.get("person", crm_id))["phoneContacts"]
    assert len(first["id"]) == 36 and second["id"] == "own"


async def test_amounts_keep_every_digit(crm, box):
    customer = box.crm.add_customer("person", nickName="م")
    line = {"productCode": "1", "count": Decimal("2.50"), "baseUnitPrice": Decimal("123456789012345678.905")}
    crm_id = await crm.create("invoice/sales", identityId=customer.upper(), details=[line])
    invoice = await crm.get("invoice/sales", crm_id)
    assert str(invoice["details"][0]["baseUnitPrice"]) == "123456789012345678.905"
    assert str(invoice["details"][0]["count"]) == "2.50"
    assert invoice["totalValue"] == Decimal("308641972530864197.2625")
    assert invoice["identityId"] == customer
    assert box.crm.invoices[crm_id]["details"][0]["count"] == Decimal("2.50")


async def test_totals_follow_the_lines(box):
    customer = box.crm.add_customer("organization", nickName="ش")
    lines = [
        {"count": 3, "baseUnitPrice": 1000, "totalDiscount": 100},
        {"count": Decimal("0.5"), "baseUnitPrice": Decimal("10.5")},
    ]
    quote = box.crm.add_document("quote", customer, lines, vatPercent=10)
    stored = box.crm.quotes[quote]
    assert (stored["totalValue"], stored["discount"]) == (Decimal("3005.25"), 100)
    assert (stored["vat"], stored["finalValue"]) == (Decimal("290.525"), Decimal("3195.775"))
    box.crm.edit_document(quote, lines=lines[:1])
    assert box.crm.quotes[quote]["finalValue"] == 3190
    box.crm.edit_document(quote, finalValue=Decimal(7))
    assert box.crm.quotes[quote]["finalValue"] == 7


async def test_moods_of_writing(box, crm):
    box.crm.mood = replace(box.crm.mood, id_key="id", number_unique=True, extra_fields=True)
    status, answer = await crm.verb("person/create", {"customerNumber": "5", "nickName": "م"})
    assert status == 200 and list(answer) == ["id"]
    status, refusal = await crm.verb("organization/create", {"customerNumber": "5"})
    assert status == 400 and "تکراری" in refusal["message"]
    assert (await crm.verb("person/update", {"crmId": answer["id"], "customerNumber": "5"}))[0] == 200
    person = await crm.get("person", answer["id"])
    assert person["siteLoyalty"]["levels"][0]["title"] == "ویژه"
    box.crm.edit(answer["id"], customerNumber="6")
    assert (await crm.verb("organization/create", {"customerNumber": "5"}))[0] == 200


async def test_an_update_keeps_or_replaces_what_it_does_not_list(box, crm):
    crm_id = box.crm.add_customer("person", nickName="م", email="a@example.com", siteThing=1)
    await crm.verb("person/update", {"crmId": crm_id, "refId": "9"})
    assert box.crm.persons[crm_id]["email"] == "a@example.com"
    box.crm.mood = replace(box.crm.mood, update_replaces=True)
    await crm.verb("person/update", {"crmId": crm_id, "refId": "9"})
    person = box.crm.persons[crm_id]
    assert (person["email"], person["refId"], person.get("siteThing")) == (None, "9", None)
    assert person["creatDate"] and person["crmObjectTypeCode"]


@pytest.mark.parametrize(
    ("digits", "microsecond", "written"),
    [
        (3, 33_999, "2025-12-21T14:10:20.033"),
        (3, 500_000, "2025-12-21T14:10:20.5"),
        (3, 0, "2025-12-21T14:10:20"),
        (0, 33_000, "2025-12-21T14:10:20"),
        (7, 33_123, "2025-12-21T14:10:20.0331230"),
    ],
)
async def test_object_dates_in_every_precision(box, clock, digits, microsecond, written):
    box.crm.mood = replace(box.crm.mood, fraction_digits=digits)
    clock.now = clock.now.replace(microsecond=microsecond)
    assert box.crm.get(box.crm.add_customer(nickName="م"))["modifyDate"] == written


async def test_people_change_phones_and_delete(box):
    crm_id = box.crm.add_customer("person", nickName="م")
    box.crm.set_phone(crm_id, "Mobile", "09121111111")
    box.crm.set_phone(crm_id, "Office", "02122222222")
    box.crm.set_phone(crm_id, "Mobile", "09123333333")
    phones = {phone["phoneType"]: phone["phoneNumber"] for phone in box.crm.persons[crm_id]["phoneContacts"]}
    assert phones == {"Mobile": "09123333333", "Office": "02122222222"}
    box.crm.set_phone(crm_id, "Office", "")
    assert len(box.crm.persons[crm_id]["phoneContacts"]) == 1
    box.crm.delete(crm_id)
    assert not box.crm.persons
    with pytest.raises(KeyError):
        box.crm.edit(crm_id, nickName="x")
