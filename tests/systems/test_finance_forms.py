"""The texts of a save: no value can become another column, and every digit of an amount arrives."""

import unicodedata
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.model import DocumentLine, FinanceId, Kind, PreInvoice
from hamgam.systems.siagh import forms
from hamgam.systems.siagh.fields import BY_NAME, CONTACT
from hamgam.systems.siagh.forms import build, parse, wire_text

SUID = UUID("be8892df-92ea-4c49-8608-2afed6f07dcb")
BREAKS = "|\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x00\x7f"

names = st.text("abcdefgh._#", min_size=1)
nasty = st.text(st.sampled_from(BREAKS + "=#¦ab ۱ي\u200c\ud800"))
values = st.text() | nasty


@given(st.lists(st.tuples(names, values)))
def test_what_is_built_parses_to_the_wire_text(pairs: list[tuple[str, str]]) -> None:
    assert parse(build(pairs)) == [(name, wire_text(value)) for name, value in pairs]


@given(values)
def test_the_wire_text_is_one_line_without_a_bar_and_changes_no_more_than_it_must(value: str) -> None:
    text = wire_text(value)
    assert "|" not in text
    assert len(text.splitlines()) <= 1
    assert wire_text(text) == text
    text.encode()
    for old, new in zip(value.replace("\r\n", "\n"), text, strict=True):
        assert new == old or old == "|" or unicodedata.category(old) in {"Cc", "Cs", "Zl", "Zp"}


@given(st.dictionaries(st.sampled_from(sorted(BY_NAME)), values), values, st.sampled_from(list(Kind)))
def test_no_value_becomes_another_column(fields: dict[str, str], number: str, kind: Kind) -> None:
    create = parse(forms.create_contact(kind, number, fields)["ctrlValues"])
    assert [name for name, _ in create] == [
        "NickName",
        *(f"gn_web_users.{name}" for name in CONTRACT_ORDER),
    ]
    written = dict(create)
    assert written["gn_web_users.isactive"] == "1"
    for name, value in fields.items():
        assert written[f"gn_web_users.{BY_NAME[name].column}"] == wire_text(value)
    update = [name for name, _ in parse(forms.update_contact(FinanceId("7"), "", fields)["ctrlValues"])]
    assert update[0] == "Param1"
    assert set(update[1:]) == {f"gn_web_users.{BY_NAME[name].column}" for name in fields}


CONTRACT_ORDER = [
    *("isactive", "gender", "websiteaddress", "pocode", "codeostan", "address", "codeshahr", "countrycode"),
    *("email", "fullname", "mobileno", "telno", "passno", "tmpid", "tozihat", "taraftype"),
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a|gn_web_users.isactive=0", "a¦gn_web_users.isactive=0"),
        ("one\r\ntwo\nthree\rfour", "one two three four"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\tg", "a b c d e f g"),
        ("می‌رود = ۱۲", "می‌رود = ۱۲"),
    ],
)
def test_replaced_characters(value: str, text: str) -> None:
    assert wire_text(value) == text


@pytest.mark.parametrize("text", ["a", "a=1|", "=1|b", "|"])
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="name=value"):
        parse(text)


def test_a_create_is_the_contracts() -> None:
    body = forms.create_contact(Kind.ORGANIZATION, "100-7", {"name": "شرکت", "national_id": "14001"})
    assert body == {
        "formId": "2BFDA",
        "ctrlValues": "NickName=dbgrid1.#nickname#|gn_web_users.isactive=1|gn_web_users.gender=|"
        "gn_web_users.websiteaddress=|gn_web_users.pocode=|gn_web_users.codeostan=|gn_web_users.address=|"
        "gn_web_users.codeshahr=|gn_web_users.countrycode=|gn_web_users.email=|gn_web_users.fullname=شرکت|"
        "gn_web_users.mobileno=|gn_web_users.telno=|gn_web_users.passno=14001|gn_web_users.tmpid=100-7|"
        "gn_web_users.tozihat=|gn_web_users.taraftype=1",
        "parameters": "CodeMain=",
        "dataRows": "[]",
        "attachments": "[]",
        "postCode": "1110",
        "flowId": "",
    }
    assert "taraftype=0" in forms.create_contact(Kind.PERSON, "", {})["ctrlValues"]


def test_an_update_lists_only_what_it_is_given() -> None:
    body = forms.update_contact(FinanceId("22"), "100-7", {"description": "", "name": "نو"})
    assert body["parameters"] == "CodeMain=22"
    assert body["ctrlValues"] == (
        "Param1=22|gn_web_users.fullname=نو|gn_web_users.tmpid=100-7|gn_web_users.tozihat="
    )
    assert forms.update_contact(FinanceId("22"), "", {})["ctrlValues"] == "Param1=22"


def test_a_deactivation_touches_nothing_else() -> None:
    body = forms.deactivate_contact(FinanceId("22"))
    assert (body["ctrlValues"], body["parameters"]) == ("Param1=22|gn_web_users.isactive=0", "CodeMain=22")


def line(**changes: object) -> DocumentLine:
    values = {
        "product_code": "500102014",
        "product_name": "کالا",
        "unit": "عدد",
        "quantity": Decimal("1.0000"),
        "unit_price": Decimal("5720000"),
        "discount": Decimal(0),
    }
    return DocumentLine(**(values | changes))  # type: ignore[arg-type]


def pre_invoice(*lines: DocumentLine, **changes: object) -> PreInvoice:
    values = {
        "customer_code": FinanceId("5500014"),
        "sale_model": 1,
        "payment_kind": 2,
        "sales_center": 3,
        "sale_kind": 4,
        "intermediary": 31,
        "contact": None,
        "title": "پیش فاکتور فروش",
        "notes": "",
        "lines": lines,
    }
    return PreInvoice(**(values | changes))  # type: ignore[arg-type]


def test_a_document_is_the_contracts() -> None:
    body = forms.save_document(
        pre_invoice(line(), notes="a|b"), transaction_id=SUID, fiscal_year="1404", contact="8327"
    )
    assert body["formId"] == "43D81"
    assert body["ctrlValues"] == (
        "sl_sanad.hssanadstate=8|sl_sanad.codenoeesanad=2|sl_sanad.codesalemodel=1|sl_sanad.salmali=1404|"
        "sl_sanad.codenoeepardakht=2|sl_sanad.codemarkazforush=3|sl_sanad.codecontact=8327|"
        "sl_sanad.codemoshtari=5500014|sl_sanad.codenoeeforush=4|sl_sanad.codevaseteh=31|"
        "sl_sanad.tozihat=a¦b|sl_sanad.namenoesanad=پیش فاکتور فروش"
    )
    assert body["parameters"] == "_In_EditKeys=|_In_Suid=BE8892DF92EA4C4986082AFED6F07DCB|nocheck="
    [grid] = msgspec.json.decode(body["dataRows"])
    row = grid.pop("data")[0]
    assert grid == {"name": "dbgrid1", "entity": "sl_rizsanad", "keyField": "coderiz"}
    assert {name: cell["newValue"] for name, cell in row.items()} == {
        "__uid": "be880001",
        "_status": "inserted",
        "codekala": "500102014",
        "nameunit": "عدد",
        "qty": 1,
        "price": 5720000,
        "mabtakhfif": 0,
        "vazn": "0",
        "hajm": "0",
        "radif": "1",
        "finalqty": 1,
        "takhfif": None,
        "sumamelinc": None,
        "sumameldec": None,
    }
    old = {name: cell["oldValue"] for name, cell in row.items() if cell["oldValue"] is not None}
    assert old == {"__uid": "be880001", "_status": "inserted"}


def test_an_edit_names_the_document() -> None:
    body = forms.save_document(
        pre_invoice(line(), line()),
        transaction_id=SUID,
        fiscal_year="1404",
        contact="1",
        key=FinanceId("15459"),
    )
    assert body["parameters"].startswith("_In_EditKeys=15459|_In_Suid=BE88")
    rows = msgspec.json.decode(body["dataRows"])[0]["data"]
    assert [row["radif"]["newValue"] for row in rows] == ["1", "2"]
    assert rows[0]["__uid"] != rows[1]["__uid"]


amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**18, places=4)


@given(amounts, amounts | st.sampled_from([Decimal("1E+3"), Decimal("1E-7")]))
def test_amounts_are_printed_plainly_and_exactly(quantity: Decimal, price: Decimal) -> None:
    text = forms.data_rows([line(quantity=quantity, unit_price=price)], SUID)
    numbers = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode(text)
    [row] = msgspec.json.Decoder(list[dict[str, dict[str, msgspec.Raw]]]).decode(numbers[0]["data"])
    for name, expected in (("qty", quantity), ("finalqty", quantity), ("price", price)):
        written = bytes(row[name]["newValue"]).decode()
        assert Decimal(written) == expected
        assert set(written) <= set("0123456789.")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_line_holds_any_text(text: str) -> None:
    rows = msgspec.json.decode(forms.data_rows([line(product_code=text, unit=text)], SUID))
    assert rows[0]["data"][0]["codekala"]["newValue"] == text


def test_the_field_table_is_whole() -> None:
    assert len({field.column for field in CONTACT}) == len({field.key for field in CONTACT}) == len(CONTACT)
    assert {field.column for field in CONTACT} <= set(CONTRACT_ORDER)
