import json
from dataclasses import replace
from decimal import Decimal

import pytest

SUID = "0123456789ABCDEF0123456789ABCDEF"


def header(**changes):
    columns = {
        "hssanadstate": 8,
        "codenoeesanad": 2,
        "codesalemodel": 5,
        "salmali": 1404,
        "codenoeepardakht": 1,
        "codemarkazforush": 1,
        "codecontact": 1,
        "codemoshtari": 1,
        "codenoeeforush": 1,
        "codevaseteh": 1,
        "tozihat": "",
        "namenoesanad": "پیش‌فاکتور",
    } | changes
    return "|".join(f"sl_sanad.{name}={value}" for name, value in columns.items() if value is not None)


def row(number=1, **changes):
    values = {
        "__uid": f"u{number}",
        "_status": "inserted",
        "codekala": "1001",
        "nameunit": "عدد",
        "qty": 2,
        "price": 1500000,
        "mabtakhfif": 0,
        "vazn": "0",
        "hajm": "0",
        "radif": str(number),
        "takhfif": None,
        "sumamelinc": None,
        "sumameldec": None,
    } | changes
    values.setdefault("finalqty", values["qty"])
    return {
        name: {"oldValue": value if name == "__uid" else None, "newValue": value}
        for name, value in values.items()
    }


def grid(*rows, **changes):
    described = {"name": "dbgrid1", "entity": "sl_rizsanad", "keyField": "coderiz", "data": list(rows)}
    return json.dumps([described | changes], ensure_ascii=False)


def parameters(key="", suid=SUID):
    return f"_In_EditKeys={key}|_In_Suid={suid}|nocheck="


@pytest.fixture
def customer(box):
    return box.finance.add_contact(Name="علی")


async def save(finance, ctrl=None, params=None, rows=None):
    return await finance.save("43D81", ctrl or header(), params or parameters(), rows or grid(row()))


async def test_a_pre_invoice_is_created(box, finance, customer):
    rows = grid(row(), row(2, qty="0.5", price="10.25", mabtakhfif="1"))
    answer = await save(finance, rows=rows)
    assert answer["Errors"][0]["ErrorType"] == "ErrSuccs"
    assert answer["ReturnValue"] is True
    document = box.finance.documents[answer["ReturnCode"]]
    assert document["header"]["codemoshtari"] == "1"
    assert [line["qty"] for line in document["lines"]] == [2, Decimal("0.5")]
    assert document["total"] == Decimal("3000004.125")
    assert answer["FinalMessages"] == ["سند با شماره 1001 ذخیره شد. مبلغ خالص 3,000,004.125 ریال"]
    assert answer["ReturnParams"] != answer["ReturnCode"]


async def test_the_same_suid_again_makes_another_document(box, finance, customer):
    first, second = await save(finance), await save(finance)
    assert first["ReturnCode"] != second["ReturnCode"]
    assert len(box.finance.documents) == 2


async def test_editing_by_key_replaces_the_lines(box, finance, customer):
    key = (await save(finance))["ReturnCode"]
    answer = await save(finance, header(tozihat="تازه"), parameters(key), grid(row(qty=5)))
    assert answer["ReturnCode"] == key and "1001" in answer["FinalMessages"][0]
    document = box.finance.documents[key]
    assert (document["header"]["tozihat"], document["total"]) == ("تازه", 7_500_000)
    assert len(box.finance.documents) == 1
    assert (await save(finance, params=parameters("77")))["Errors"][0]["ColName"] == "_In_EditKeys"


async def test_amounts_are_exact(box, finance, customer):
    rows = grid(row(qty="__Q__", price="__P__", finalqty="__Q__"))
    rows = rows.replace('"__Q__"', "1").replace('"__P__"', "123456789012345678.905")
    key = (await save(finance, rows=rows))["ReturnCode"]
    assert str(box.finance.documents[key]["total"]) == "123456789012345678.905"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reports_total": False}, "سند با شماره 1001 ذخیره شد."),
        ({"adds_vat_percent": Decimal(10)}, "سند با شماره 1001 ذخیره شد. مبلغ خالص 3,300,000 ریال"),
        ({"persian_digits": True}, "سند با شماره ۱۰۰۱ ذخیره شد. مبلغ خالص ۳٬۰۰۰٬۰۰۰ ریال"),
    ],
)
async def test_what_a_save_reports(box, finance, customer, changes, message):
    box.finance.mood = replace(box.finance.mood, **changes)
    assert (await save(finance))["FinalMessages"] == [message]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"price": 0}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": -5}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": "abc"}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": "۱۲"}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": "NaN"}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": None}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"price": True}, "قیمت ردیف 1 درست وارد نشده است"),
        ({"qty": 0}, "مقدار ردیف 1 درست وارد نشده است"),
        ({"finalqty": 3}, "مقدار ردیف 1 درست وارد نشده است"),
        ({"mabtakhfif": -1}, "تخفیف ردیف 1 درست وارد نشده است"),
        ({"mabtakhfif": 3_000_001}, "تخفیف ردیف 1 درست وارد نشده است"),
        ({"codekala": ""}, "کالای ردیف 1 درست وارد نشده است"),
        ({"radif": 1}, "سطر 1 درست وارد نشده است."),
        ({"radif": "2"}, "سطر 1 درست وارد نشده است."),
        ({"_status": "updated"}, "سطر 1 درست وارد نشده است."),
        ({"__uid": ""}, "سطر 1 درست وارد نشده است."),
        ({"other": 1}, "ستون‌های سطر 1 درست نیست."),
    ],
)
async def test_lines_that_are_refused(box, finance, customer, changes, text):
    answer = await save(finance, rows=grid(row(**changes)))
    assert answer["ReturnValue"] is False
    assert answer["Errors"][0]["Description"] == text
    assert box.finance.documents == {}


@pytest.mark.parametrize(
    ("ctrl", "params", "rows", "column"),
    [
        (header(codemoshtari=99), None, None, "codemoshtari"),
        (header(codemoshtari=""), None, None, "codemoshtari"),
        (header(codesalemodel=None), None, None, "codesalemodel"),
        (header(salmali=1403), None, None, "salmali"),
        (header(hssanadstate=1), None, None, "codenoeesanad"),
        (header(other=1), None, None, "sl_sanad.other"),
        (None, parameters(suid="abc"), None, "_In_Suid"),
        (None, parameters(suid=SUID.lower()), None, "_In_Suid"),
        (None, "_In_EditKeys=", None, ""),
        (None, None, "[]", ""),
        (None, None, "not json", ""),
        (None, None, grid(), ""),
        (None, None, grid(row(), name="grid2"), ""),
        (None, None, grid({"qty": 1}), ""),
    ],
)
async def test_documents_that_are_refused(box, finance, customer, ctrl, params, rows, column):
    answer = await save(finance, ctrl, params, rows)
    assert answer["ReturnValue"] is False
    assert [(entry["ErrorType"], entry["ColName"]) for entry in answer["Errors"]] == [("ErrError", column)]
    assert box.finance.documents == {}


async def test_a_catalogue_of_products_can_be_enforced(box, finance, customer):
    box.finance.products = {"2001"}
    assert (await save(finance))["Errors"][0]["ColName"] == "codekala"
    assert (await save(finance, rows=grid(row(codekala="2001"))))["ReturnValue"] is True
