"""Checksums: equal for every spelling of the same content, different for every other content."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hamgam.model import CrmId, DocumentLine, Entity, Fields, FinanceId, SalesDocument
from hamgam.persian import to_persian_digits
from hamgam.sync.checksum import contact_checksum, customer_checksum, document_checksum
from hamgam.sync.fields import CUSTOMER, normalised

LINE = DocumentLine(
    product_code="10",
    product_name="میخ",
    unit="عدد",
    quantity=Decimal(2),
    unit_price=Decimal("1500.5"),
    discount=Decimal(0),
)
DOCUMENT = SalesDocument(
    id=CrmId("d"),
    entity=Entity.INVOICE,
    number="12",
    type_code="PI_5",
    customer_id=CrmId("c"),
    subject="فروش",
    description="",
    lines=(LINE,),
    vat=Decimal(0),
    toll=Decimal(0),
    final_value=None,
    modified_at=None,
)
CUSTOMER_CODE = FinanceId("7")

names = st.sampled_from([field.name for field in CUSTOMER])
values = st.text(max_size=12) | st.sampled_from(["", "09121112233", "0012345679", "علی رضایی", "a@b.ir"])
records = st.dictionaries(names, values)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=10**30)


def of(line: DocumentLine) -> str:
    return document_checksum(replace(DOCUMENT, lines=(line,)), CUSTOMER_CODE)


# Customers


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of all builds tables of Unicode
@given(records)
def test_the_order_of_the_fields_does_not_matter(fields: Fields) -> None:
    turned = dict(reversed(fields.items()))
    assert customer_checksum("1", fields) == customer_checksum("1", turned)
    assert contact_checksum(fields) == contact_checksum(turned)


@given(records, records)
def test_equal_checksums_mean_equal_content(one: Fields, other: Fields) -> None:
    same = normalised(one) == normalised(other)
    filled = [{k: v for k, v in normalised(each).items() if v} for each in (one, other)]
    assert (contact_checksum(one) == contact_checksum(other)) is (filled[0] == filled[1])
    assert (customer_checksum("1", one) == customer_checksum("1", other)) is same


@given(records, names, values)
def test_a_changed_value_is_seen(fields: Fields, name: str, value: str) -> None:
    changed = {**fields, name: value}
    assume(normalised(changed) != normalised(fields))
    assert customer_checksum("1", changed) != customer_checksum("1", fields)


@given(records, names)
def test_absent_is_not_empty(fields: Fields, name: str) -> None:
    without = {key: value for key, value in fields.items() if key != name}
    assert customer_checksum("1", without) != customer_checksum("1", {**without, name: ""})


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("name", "علي كريمي", "علی کریمی"),
        ("name", "می‌رود", "می رود"),
        ("name", " سارا  محمدی ", "سارا محمدی"),
        ("mobile", "۰۹۱۲۱۱۱۲۲۳۳", "+98 912 111 2233"),
        ("phone", "021-88001122", "02188001122"),
        ("email", "Ali@Example.com", "ali@example.com "),
        ("website", "https://example.com/", "EXAMPLE.com"),
        ("postal_code", "12345-67890", "۱۲۳۴۵۶۷۸۹۰"),
        ("national_id", "٠٠١٢٣٤٥٦٧٩", "0012345679"),
    ],
)
def test_spellings_of_one_value(name: str, one: str, other: str) -> None:
    assert contact_checksum({name: one}) == contact_checksum({name: other})


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("national_id", "0012345679", "12345679"),
        ("name", "علی", "على‌ا"),
        ("website", "example.com/a", "example.com/A"),
        ("mobile", "09121112233", "09121112234"),
    ],
)
def test_other_values(name: str, one: str, other: str) -> None:
    assert contact_checksum({name: one}) != contact_checksum({name: other})


def test_a_value_in_another_field_is_another_content() -> None:
    assert contact_checksum({"mobile": "1", "phone": ""}) != contact_checksum({"mobile": "", "phone": "1"})


def test_the_number_counts_for_the_crm_and_its_spelling_does_not() -> None:
    assert customer_checksum("100-5", {}) != customer_checksum("100-6", {})
    assert customer_checksum("100-5", {}) == customer_checksum(" ۱۰۰-۵", {})


# Documents


@given(amounts)
def test_spellings_of_one_amount(amount: Decimal) -> None:
    padded = Decimal(f"{amount:f}00")
    assert of(replace(LINE, unit_price=amount)) == of(replace(LINE, unit_price=padded))


@given(amounts, amounts)
def test_equal_checksums_mean_equal_amounts(one: Decimal, other: Decimal) -> None:
    assert (of(replace(LINE, quantity=one)) == of(replace(LINE, quantity=other))) is (one == other)


@pytest.mark.parametrize("two", ["2.0", "2E+0", "0.2E+1", "2.00000"])
def test_two_is_two(two: str) -> None:
    assert of(replace(LINE, quantity=Decimal(two))) == of(LINE)


def test_amounts_are_exact_whatever_their_size() -> None:
    huge, next_to_it = (Decimal(f"123456789012345678901234567890.123{last}") for last in (4, 5))
    assert of(replace(LINE, unit_price=huge)) != of(replace(LINE, unit_price=next_to_it))
    assert of(replace(LINE, unit_price=Decimal(100))) == of(replace(LINE, unit_price=Decimal("1E+2")))
    assert of(replace(LINE, discount=Decimal("-0"))) == of(LINE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(DOCUMENT, type_code="PI_6"),
        replace(DOCUMENT, subject="فروش دیگر"),
        replace(DOCUMENT, description="یادداشت"),
        replace(DOCUMENT, lines=()),
        replace(DOCUMENT, lines=(LINE, LINE)),
        replace(DOCUMENT, lines=(replace(LINE, product_code="11"),)),
        replace(DOCUMENT, lines=(replace(LINE, unit="بسته"),)),
        replace(DOCUMENT, lines=(replace(LINE, quantity=Decimal(3)),)),
        replace(DOCUMENT, lines=(replace(LINE, unit_price=Decimal("1500.51")),)),
        replace(DOCUMENT, lines=(replace(LINE, discount=Decimal("0.0001")),)),
    ],
)
def test_everything_that_is_written_counts(changed: SalesDocument) -> None:
    assert document_checksum(changed, CUSTOMER_CODE) != document_checksum(DOCUMENT, CUSTOMER_CODE)


def test_the_order_of_the_lines_counts() -> None:
    other = replace(LINE, product_code="11")
    there, back = replace(DOCUMENT, lines=(LINE, other)), replace(DOCUMENT, lines=(other, LINE))
    assert document_checksum(there, CUSTOMER_CODE) != document_checksum(back, CUSTOMER_CODE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(DOCUMENT, subject="فروش "),
        replace(DOCUMENT, number="13"),
        replace(DOCUMENT, final_value=Decimal(9)),
        replace(DOCUMENT, lines=(replace(LINE, product_name="میخ بلند"),)),
        replace(DOCUMENT, lines=(replace(LINE, product_code=to_persian_digits("10")),)),
    ],
)
def test_what_is_not_written_does_not_count(changed: SalesDocument) -> None:
    assert document_checksum(changed, CUSTOMER_CODE) == document_checksum(DOCUMENT, CUSTOMER_CODE)


def test_another_customer_is_another_document() -> None:
    assert document_checksum(DOCUMENT, CUSTOMER_CODE) != document_checksum(DOCUMENT, FinanceId("8"))
