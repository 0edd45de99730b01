"""The CRM's JSON, from bodies as they were seen in the field (names and numbers changed)."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from hamgam.errors import Reason, Refused
from hamgam.model import Entity, Kind
from hamgam.systems.payamgostar import wire
from hamgam.systems.payamgostar.documents import sales_document
from hamgam.systems.payamgostar.fields import CUSTOMER, new_customer, read_fields

QUOTE = """{
  "priceListName": "", "discount": 0.00, "vat": 9000.00, "toll": 0.00, "additionalCosts": null,
  "totalValue": 100000.00, "quoteDate": null, "vatPercent": 9, "quoteType": "Quote",
  "details": [{"productCode": "Product-1", "productId": "46DA9490-EE92-42DF-BA61-64D62B4DA6B9",
    "productName": "محصول اول", "isService": false, "baseUnitPrice": 123456789012345.6785,
    "finalUnitPrice": 109000.00, "count": 1.0000, "returnedCount": 0.0, "totalUnitPrice": 100000.00,
    "totalDiscount": 0.10, "totalVat": 9000.00, "detailDescription": "", "productUnitTypeName": "قطعه"},
   {"productCode": 7, "productName": null, "baseUnitPrice": 10, "count": 2, "totalDiscount": null,
    "productUnitTypeName": null}],
  "finalValue": 109000.00, "number": "", "billableObjectState": null,
  "crmId": "265D2327-64BD-4AC5-9FB9-22AE0E838539", "crmObjectTypeIndex": 8, "crmObjectTypeCode": "PI_5",
  "extendedProperties": [], "creatDate": "2025-12-21T14:06:17.173",
  "modifyDate": "2025-12-21T14:10:20.033", "tags": [], "refId": "",
  "identityId": "8ADEEABC-FAB9-4A77-A906-E47AC59373A7", "description": null, "subject": "پیش فاکتور"
}"""


def customer(**changes: object) -> wire.CustomerObject:
    body = msgspec.json.encode({"crmId": "A", **changes})
    found = wire.customer.decode(body)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("2025-12-21T14:10:20.033", datetime(2025, 12, 21, 10, 40, 20, 33000, UTC)),
        ("2025-12-21T14:10:20.03", datetime(2025, 12, 21, 10, 40, 20, 30000, UTC)),
        ("2025-12-21T14:10:20", datetime(2025, 12, 21, 10, 40, 20, 0, UTC)),
        ("2025-12-16T11:43:53.1385332+03:30", datetime(2025, 12, 16, 8, 13, 53, 138533, UTC)),
        ("2025-12-16T08:13:53Z", datetime(2025, 12, 16, 8, 13, 53, 0, UTC)),
        ("2021-07-01T12:00:00", datetime(2021, 7, 1, 7, 30, 0, 0, UTC)),  # summer time was in force
    ],
)
def test_dates(spelled: str, expected: datetime) -> None:
    assert wire.moment(spelled) == expected
    assert wire.maybe_moment(spelled) == expected


@pytest.mark.parametrize("spelled", ["", "0001-01-01T00:00:00", "yesterday", "2025-13-01T00:00:00"])
def test_what_is_no_date(spelled: str) -> None:
    assert wire.maybe_moment(spelled) is None
    with pytest.raises(ValueError):
        wire.moment(spelled)


def test_a_date_goes_back_as_the_crm_wrote_it() -> None:
    assert wire.spelled(wire.moment("2025-12-21T14:10:20.033")) == "2025-12-21T14:10:20.033"
    assert wire.spelled(wire.moment("2025-12-21T14:10:20.0339999")) == "2025-12-21T14:10:20.033"
    assert wire.spelled(wire.moment("2025-12-21T14:10:20")) == "2025-12-21T14:10:20.000"


def test_a_recorded_quote_keeps_every_digit() -> None:
    found = wire.document.decode(QUOTE.encode())
    assert found is not None
    document = sales_document(found, Entity.QUOTE)
    assert document.id == "265d2327-64bd-4ac5-9fb9-22ae0e838539"
    assert document.customer_id == "8adeeabc-fab9-4a77-a906-e47ac59373a7"
    assert (document.entity, document.type_code, document.number) == (Entity.QUOTE, "PI_5", "")
    first, second = document.lines
    assert first.unit_price == Decimal("123456789012345.6785")
    assert (first.product_code, first.unit, first.discount) == ("Product-1", "قطعه", Decimal("0.10"))
    assert (second.product_code, second.product_name, second.unit) == ("7", "", "عدد")
    assert second.discount == 0
    assert (document.vat, document.toll, document.final_value) == (9000, 0, 109000)
    assert document.modified_at == datetime(2025, 12, 21, 10, 40, 20, 33000, UTC)
    assert document.description == ""


@pytest.mark.parametrize(
    "line",
    [
        {"productCode": "", "count": 1, "baseUnitPrice": 1},
        {"productCode": "P", "baseUnitPrice": 1},
        {"productCode": "P", "count": None, "baseUnitPrice": 1},
        {"productCode": "P", "count": 1},
        {"productCode": "P", "count": "NaN", "baseUnitPrice": 1},
        {"productCode": "P", "count": 1, "baseUnitPrice": "Infinity"},
        {"productCode": "P", "count": 1, "baseUnitPrice": "1E+400"},
        {"productCode": "P", "count": 1, "baseUnitPrice": "1E-400"},
        {"productCode": "P", "count": 1, "baseUnitPrice": 1, "totalDiscount": "sNaN"},
    ],
)
def test_a_line_that_cannot_be_billed_is_refused_and_not_guessed(line: dict[str, object]) -> None:
    found = wire.document.decode(msgspec.json.encode({"crmId": "A", "details": [line]}))
    assert found is not None
    with pytest.raises(Refused) as caught:
        sales_document(found, Entity.INVOICE)
    assert caught.value.reason is Reason.UNUSABLE_RECORD


def test_a_document_without_lines_and_totals_says_so() -> None:
    found = wire.document.decode(b'{"crmId": "A"}')
    assert found is not None
    document = sales_document(found, Entity.INVOICE)
    assert document.lines == ()
    assert document.final_value is None
    assert document.customer_id is None
    assert document.modified_at is None


def test_absent_is_not_empty() -> None:
    assert read_fields(customer()) == {}
    nothing = dict.fromkeys(
        ["nickName", "email", "website", "nationalCode", "description", "phoneContacts", "addressContacts"]
    )
    fields = read_fields(customer(**nothing))
    assert fields == {field.name: "" for field in CUSTOMER}


def test_the_display_name_comes_first_then_its_parts() -> None:
    assert read_fields(customer(nickName="نگار", firstName="x"))["name"] == "نگار"
    assert read_fields(customer(nickName="", firstName="نگار", lastName="راد"))["name"] == "نگار راد"
    assert read_fields(customer(lastName="راد"))["name"] == "راد"


PHONES = [
    {"phoneType": "Fax", "phoneNumber": "1"},
    {"phoneType": "Mobile", "phoneNumber": "0912", "default": False},
    {"phoneType": "mobile", "phoneNumber": "0935", "default": True, "extension": "3"},
    {"phoneType": "Home", "phoneNumber": 66},
]


def test_phones_by_type_the_default_first_and_office_before_home() -> None:
    fields = read_fields(customer(phoneContacts=PHONES))
    assert (fields["mobile"], fields["phone"]) == ("0935", "66")
    office = {"phoneType": "Office", "phoneNumber": "021"}
    assert read_fields(customer(phoneContacts=[*PHONES, office]))["phone"] == "021"
    empty = {"phoneType": "Office", "phoneNumber": None}
    assert read_fields(customer(phoneContacts=[*PHONES, empty]))["phone"] == "66"
    assert read_fields(customer(phoneContacts=[]))["mobile"] == ""


def test_address_and_postal_code_come_from_the_same_address() -> None:
    other = {"address": "a", "zipCode": "1"}
    default = {"address": "b", "zipCode": None, "default": True, "city": {"key": 1}}
    fields = read_fields(customer(addressContacts=[other, default]))
    assert (fields["address"], fields["postal_code"]) == ("b", "")
    fields = read_fields(customer(addressContacts=[other]))
    assert (fields["address"], fields["postal_code"]) == ("a", "1")


ALL = {
    "name": "نگار راد",
    "mobile": "09120000000",
    "phone": "02100000000",
    "email": "n@example.com",
    "website": "example.com",
    "address": "تهران",
    "postal_code": "1234567890",
    "national_id": "0012345678",
    "description": "یادداشت",
}


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_created_reads_back_the_same(kind: Kind) -> None:
    body = new_customer(kind, "100-1", ALL)
    found = wire.customer.decode(msgspec.json.encode({"crmId": "A", **body}))
    assert found is not None
    assert read_fields(found) == ALL
    assert found.customer_number == "100-1"


def test_empty_fields_are_not_sent_and_a_persons_name_survives_a_rebuild() -> None:
    fields = {**dict.fromkeys(ALL, ""), "name": "نگار راد"}
    person = new_customer(Kind.PERSON, "", fields)
    assert person == {"nickName": "نگار راد", "firstName": "", "lastName": "نگار راد"}
    assert f"{person['firstName']} {person['lastName']}".strip() == fields["name"]
    assert new_customer(Kind.ORGANIZATION, "7", fields) == {"customerNumber": "7", "nickName": "نگار راد"}


def test_unknown_fields_and_numbers_for_texts_are_no_obstacle() -> None:
    found = customer(customerNumber=17, siteLoyalty={"deep": [1, {"x": None}]}, email=None)
    assert wire.text(found.customer_number) == "17"
    assert read_fields(found) == {"email": ""}
