"""What finance answers, the list read while it arrives, and which rows match. Bodies as documented."""

import tracemalloc
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.errors import Reason, Refused, TryLater
from hamgam.model import CustomerProbe, FinanceContact, FinanceId, Kind
from hamgam.systems.siagh import match, wire
from hamgam.systems.siagh.fields import Row, contact
from hamgam.systems.siagh.getall import rows

DOCUMENT = """{"Errors": [{"ColName": "", "Group": "", "ErrorType": "ErrSuccs",
  "Description": "پیش فاکتور فروش با موفقیت به شماره 2488 ثبت گردید خالص سند: 5,720,000",
  "ErrorCode": 0, "MessageText": "", "Solution": "", "HelpIndex": ""}],
  "FinalMessages": ["پیش فاکتور فروش با موفقیت به شماره 2488 ثبت گردید"],
  "ReturnValue": true, "ReturnCode": "15459", "ReturnParams": "458640"}"""

CONTACT_SAVED = (
    '{"Errors": [], "FinalMessages": [], "ReturnValue": true, "ReturnCode": "22", "ReturnParams": "22"}'
)


def saved(text: str) -> wire.SaveAnswer:
    return wire.save_answer.decode(text.encode())


def test_recorded_successes() -> None:
    wire.refuse_failure(saved(CONTACT_SAVED))
    assert wire.saved_code(saved(CONTACT_SAVED)) == "22"
    wire.refuse_failure(saved(DOCUMENT))
    document = wire.saved_document(saved(DOCUMENT))
    assert document is not None
    assert (document.key, document.number, document.net) == ("15459", "2488", Decimal(5720000))


def failure(description: str, **changes: object) -> wire.SaveAnswer:
    error = wire.Message(error_type="ErrError", error_code=-1, col_name="Price", description=description)
    return wire.SaveAnswer(errors=[error], **{"return_value": False, **changes})


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("شماره تلفن نمی تواند تکراری باشد.", Reason.DUPLICATE_PHONE),
        ("شماره تلفن نمي‌تواند تكراري باشد.", Reason.DUPLICATE_PHONE),
        ("شماره موبایل نمی تواند تکراری باشد.", Reason.DUPLICATE_PHONE),
        ("قیمت ردیف 1 درست وارد نشده است", Reason.BAD_PRICE),
        ("قيمت رديف ۱۲ درست وارد نشده است", Reason.BAD_PRICE),
        ("کد ملی تکراری است", Reason.BUSINESS_ERROR),
        ("", Reason.BUSINESS_ERROR),
    ],
)
@pytest.mark.parametrize("return_value", [False, True, None, "false"], ids=repr)
def test_failures_inside_a_200(description: str, reason: Reason, return_value: object) -> None:
    with pytest.raises(Refused) as caught:
        wire.refuse_failure(failure(description, return_value=return_value))
    assert caught.value.reason is reason
    assert description in caught.value.detail
    assert "[Price]" in caught.value.detail


def test_a_failure_may_show_in_the_return_value_only() -> None:
    with pytest.raises(Refused) as caught:
        wire.refuse_failure(wire.SaveAnswer(return_value=False, final_messages=["نام را وارد کنید"]))
    assert caught.value.detail == "نام را وارد کنید"
    nameless = wire.Message(error_code=-1, description="شماره تلفن نمی تواند تکراری باشد.")
    warning = wire.Message(error_type="ErrWarning", description="اعتبار")
    with pytest.raises(Refused) as caught:
        wire.refuse_failure(wire.SaveAnswer(return_value=False, errors=[warning, nameless]))
    assert caught.value.reason is Reason.DUPLICATE_PHONE
    assert "اعتبار" not in caught.value.detail


def test_warnings_are_no_failures() -> None:
    warning = wire.Message(error_type="ErrWarning", description="شماره تلفن تکراری است")
    wire.refuse_failure(wire.SaveAnswer(errors=[warning], return_value=True, return_code="1"))


@pytest.mark.parametrize("code", ["22", 22, " 22 "], ids=repr)
def test_codes(code: str | int) -> None:
    assert wire.saved_code(wire.SaveAnswer(return_code=code)) == "22"


@pytest.mark.parametrize("code", [None, "", "0", "-1", "x", "22 33", 0, -1], ids=repr)
def test_garbled_codes(code: str | int | None) -> None:
    assert wire.saved_code(wire.SaveAnswer(return_code=code)) is None
    assert wire.saved_document(wire.SaveAnswer(return_code=code)) is None


@pytest.mark.parametrize(
    ("message", "number", "net"),
    [
        ("سند با شماره 1001 ذخیره شد. مبلغ خالص 1,234,500 ریال", "1001", Decimal(1234500)),
        ("سند با شماره ۱۰۰۱ ذخیره شد. مبلغ خالص: ۱٬۲۳۴٬۵۰۰٫۲۵ ریال", "1001", Decimal("1234500.25")),
        ("سند با شماره: 1404/12 ذخیره شد", "1404/12", None),
        ("مبلغ خالص 1.234.500", "", Decimal(1234500)),
        ("مبلغ خالص 1/234/500", "", Decimal(1234500)),
        ("مبلغ خالص 1234.5.", "", Decimal("1234.5")),
        ("مبلغ خالص 1.234", "", None),
        ("مبلغ خالص سند شماره 12", "12", None),
        ("ذخیره شد", "", None),
    ],
)
def test_number_and_net_in_the_words_for_people(message: str, number: str, net: Decimal | None) -> None:
    document = wire.saved_document(wire.SaveAnswer(return_code="1", final_messages=[message]))
    assert document is not None
    assert (document.number, document.net) == (number, net)


# The list


async def parts(text: bytes, size: int) -> AsyncGenerator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def read(text: bytes, size: int = 7) -> list[Row]:
    return [row async for row in rows(parts(text, size))]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_rows_whatever_the_pieces(size: int) -> None:
    text = ' \n[{"Code": 1, "Name": "نگار", "x": [1.10, {"y": null}]}, {"Code": 2}] \n'.encode()
    assert await read(text, size) == [
        {"Code": 1, "Name": "نگار", "x": [Decimal("1.10"), {"y": None}]},
        {"Code": 2},
    ]
    assert await read(b"[]", size) == []


BROKEN = [
    b"",
    b"  ",
    b"[",
    b'[{"Code": 1}',
    b'[{"Code": 1},',
    b'[{"Code": 1}, {"Code"',
    b'[{"Code": 1}]<html>',
    b'[{"Code": 1},]',
    b"<html></html>",
    b'{"Message": "x"}',
    b"null",
    b"[1]",
    b'[{"Name": "\xff"}]',
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("size", [1, 1000])
async def test_a_list_that_is_cut_short_is_never_the_whole(text: bytes, size: int) -> None:
    with pytest.raises(TryLater) as caught:
        await read(text, size)
    assert caught.value.reason is Reason.BROKEN_ANSWER


@given(st.integers(1, 60))
async def test_every_cut_of_a_list_is_noticed(length: int) -> None:
    text = b'[{"Code": 1, "Name": "a"}, {"Code": 2, "Name": null}, {"Code": 3}]'
    with pytest.raises(TryLater):
        await read(text[:length])


async def test_memory_does_not_grow_with_the_list() -> None:
    row = b'{"Code": 1, "Name": "' + b"n" * 200 + b'", "TelNo": null}'

    async def long() -> AsyncGenerator[bytes]:
        yield b"[" + row
        for _ in range(300):
            yield (b"," + row) * 100
        yield b"]"

    tracemalloc.start()
    count = 0
    async for _ in rows(long()):
        count += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 30_001
    assert peak < 1_000_000


# Rows


def test_a_row_becomes_a_contact() -> None:
    found = contact(
        {
            "Code": 12,
            "Name": "شرکت",
            "MobileNo": None,
            "TelNo": 2188,
            "TowardType": True,
            "IsActive": False,
            "IsAdminUser": True,
            "tmpid": None,
        }
    )
    assert found == FinanceContact(
        code=FinanceId("12"),
        kind=Kind.ORGANIZATION,
        number="",
        fields={"name": "شرکت", "mobile": "", "phone": "2188"},
        active=False,
        administrator=True,
    )


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_the_keys_of_a_row_are_read_in_any_case(spelled: Callable[[str], str]) -> None:
    row = {"Code": 7, "tmpid": "100-7", "Name": "a", "TowardType": 1, "IsActive": False, "IsAdminUser": True}
    assert contact({spelled(key): value for key, value in row.items()}) == contact(row)


def test_a_bare_row() -> None:
    found = contact({"Code": "7", "IsActive": None, "TowardType": 0})
    assert found == FinanceContact(code=FinanceId("7"), kind=Kind.PERSON, number=None, fields={})
    assert contact({"Name": "x"}) is None
    assert contact({"Code": None}) is None


def person(code: str, number: str | None = "", **fields: str) -> FinanceContact:
    return FinanceContact(code=FinanceId(code), kind=Kind.PERSON, number=number, fields=fields)


def test_matches_come_by_number_then_national_id_then_values_each_once() -> None:
    probe = CustomerProbe(
        number="100-7",
        code=FinanceId("3"),
        national_id="0012345678",
        exact={"name": "علی", "mobile": "09121234567"},
    )
    values = person("1", name="علي", mobile="+989121234567")
    by_id = person("2", national_id="۰۰۱۲۳۴۵۶۷۸", name="x")
    by_code = person("3", None)
    by_number = person("4", "۱۰۰-۷", national_id="0012345678")
    stranger = person("5", "100-8", national_id="1", name="علی", mobile="")
    contacts = [values, by_id, stranger, by_code, by_number, by_id]
    assert match.best_first(contacts, probe) == [by_number, by_code, by_id, values]


@pytest.mark.parametrize(("number", "matches"), [(None, True), ("", True), ("100-7", True), ("55", False)])
def test_a_code_does_not_speak_against_another_number(number: str | None, matches: bool) -> None:
    probe = CustomerProbe(number="100-7", code=FinanceId("3"))
    assert bool(match.best_first([person("3", number)], probe)) is matches


def test_empty_keys_match_nothing() -> None:
    bare = person("1", "", national_id="", name="")
    assert match.best_first([bare], CustomerProbe()) == []
    assert match.best_first([bare], CustomerProbe(exact={})) == []
    assert match.best_first([bare], CustomerProbe(exact={"mobile": "0912"})) == []


def test_values_are_compared_as_the_wire_carried_them_and_as_far_as_they_are_returned() -> None:
    sent = {"name": "a|b\nc", "phone": "021", "description": "d"}
    assert match.same_values({"name": "a¦b c", "phone": "021"}, sent)
    assert not match.same_values({"name": "a¦b c", "phone": "022"}, sent)
    assert not match.same_values({"name": "a¦b c", "phone": "021", "description": ""}, sent)
    assert not match.same_values({"phone": "021"}, sent)


def test_questions_for_a_probe() -> None:
    probe = CustomerProbe(
        number="n|1",
        code=FinanceId("12"),
        national_id="7",
        exact={"name": "x", "mobile": "0912", "phone": ""},
    )
    asked = match.filters(probe, number_returned=True)
    assert asked == [
        [("tmpid", "n¦1"), ("tmpid", "n¦۱"), ("tmpid", "n¦١")],
        [("Code", 12)],
        [("NationalCode", "7"), ("NationalCode", "۷"), ("NationalCode", "٧")],
        [("MobileNo", "0912")],
    ]
    assert match.filters(probe, number_returned=False) == asked[1:]
    assert match.filters(CustomerProbe(code=FinanceId("x1")), number_returned=True) == []
