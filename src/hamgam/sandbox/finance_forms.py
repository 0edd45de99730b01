"""The forms of the finance system: what a save means once its texts are taken apart.

Pure: `ctrlValues`, `parameters` and `dataRows` in, values or a BusinessError out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from hamgam.sandbox.finance_contacts import COLUMNS
from hamgam.sandbox.wire import Object, decode, words

_CONTACT_PREFIX = "gn_web_users."
_DOCUMENT_PREFIX = "sl_sanad."
_DOCUMENT_NUMBERS = frozenset(
    words(
        "hssanadstate codenoeesanad codesalemodel salmali codenoeepardakht codemarkazforush codecontact "
        "codemoshtari codenoeeforush codevaseteh"
    )
)
_DOCUMENT_COLUMNS = _DOCUMENT_NUMBERS | {"tozihat", "namenoesanad"}
_LINE_COLUMNS = frozenset(
    words(
        "__uid _status codekala nameunit qty price mabtakhfif vazn hajm radif finalqty takhfif sumamelinc "
        "sumameldec"
    )
)
_SUID = re.compile(r"[0-9A-F]{32}")
_BOOLEANS = {"IsActive", "TowardType"}


class BusinessError(Exception):
    """A save that the finance system refuses inside a 200."""

    def __init__(self, description: str, column: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.column = column


@dataclass(frozen=True, slots=True)
class ContactForm:
    """A contact to save: the code of the one to update, or None, and the listed values by row key."""

    code: int | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """A pre-invoice to save: the key of the one to edit, or "", its header and its lines by column."""

    key: str
    suid: str
    customer_code: int
    fiscal_year: int
    header: Mapping[str, str]
    lines: tuple[Mapping[str, Any], ...]

    @property
    def net(self) -> Decimal:
        return sum((line["qty"] * line["price"] - line["mabtakhfif"] for line in self.lines), Decimal(0))


def contact_form(ctrl_values: str, parameters: str) -> ContactForm:
    """Form 2BFDA. Raises BusinessError."""
    pairs = _pairs(ctrl_values)
    code = _update_code(pairs, parameters)
    if code is not None:
        pairs = pairs[1:]
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name == "NickName":
            continue
        column = name.removeprefix(_CONTACT_PREFIX)
        if not name.startswith(_CONTACT_PREFIX) or column not in COLUMNS:
            raise BusinessError(f"فیلد {name} در فرم وجود ندارد.", name)
        values[COLUMNS[column]] = _contact_value(column, value)
    if "Name" in values:
        values["NickName"] = values["Name"]
    return ContactForm(code, values)


def document_form(ctrl_values: str, parameters: str, data_rows: str) -> DocumentForm:
    """Form 43D81. Raises BusinessError."""
    header = _document_header(ctrl_values)
    settings = _parameters(parameters, ("_In_EditKeys", "_In_Suid", "nocheck"))
    if not _SUID.fullmatch(settings["_In_Suid"]):
        raise BusinessError("شناسه یکتای سند معتبر نیست.", "_In_Suid")
    return DocumentForm(
        key=settings["_In_EditKeys"],
        suid=settings["_In_Suid"],
        customer_code=int(header["codemoshtari"]),
        fiscal_year=int(header["salmali"]),
        header=header,
        lines=tuple(_lines(data_rows)),
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    """`name=value` joined by `|`. There is no escape: a value that holds `|` ends there."""
    pairs = []
    for piece in text.split("|"):
        name, separator, value = piece.partition("=")
        if not separator or not name:
            raise BusinessError("مقادیر فرم درست وارد نشده است.")
        pairs.append((name, value))
    return pairs


def _parameters(text: str, names: tuple[str, ...]) -> dict[str, str]:
    """All of these names and no other. Raises BusinessError."""
    found = dict(_pairs(text))
    if set(found) != set(names):
        raise BusinessError("پارامترهای فرم درست وارد نشده است.")
    return found


def _update_code(pairs: list[tuple[str, str]], parameters: str) -> int | None:
    """The code that both places name. Raises BusinessError when they contradict each other."""
    code = _parameters(parameters, ("CodeMain",))["CodeMain"]
    first_name, first_value = pairs[0]
    if first_name != "Param1":
        first_value = ""
    if first_value != code or (code and not code.isdecimal()):
        raise BusinessError("کد مخاطب درست وارد نشده است.", "Code")
    return int(code) if code else None


def _contact_value(column: str, value: str) -> Any:
    key = COLUMNS[column]
    if key in _BOOLEANS:
        if value not in ("0", "1"):
            raise BusinessError(f"مقدار {column} درست وارد نشده است.", column)
        return value == "1"
    if key == "Gender" and value:
        if value not in ("0", "1"):
            raise BusinessError("جنسیت درست وارد نشده است.", column)
        return int(value)
    return value or None


def _document_header(ctrl_values: str) -> dict[str, str]:
    header: dict[str, str] = {}
    for name, value in _pairs(ctrl_values):
        column = name.removeprefix(_DOCUMENT_PREFIX)
        if not name.startswith(_DOCUMENT_PREFIX) or column not in _DOCUMENT_COLUMNS:
            raise BusinessError(f"فیلد {name} در فرم وجود ندارد.", name)
        if column in _DOCUMENT_NUMBERS and not value.isdecimal():
            raise BusinessError(f"مقدار {column} درست وارد نشده است.", column)
        header[column] = value
    for column in sorted(_DOCUMENT_NUMBERS - header.keys()):
        raise BusinessError(f"مقدار {column} وارد نشده است.", column)
    if (header["hssanadstate"], header["codenoeesanad"]) != ("8", "2"):
        raise BusinessError("نوع سند پیش فاکتور فروش نیست.", "codenoeesanad")
    return header


def _lines(data_rows: str) -> list[Object]:
    """The rows of the one grid. Raises BusinessError."""
    grids = decoded(data_rows)
    if not isinstance(grids, list) or len(grids) != 1 or not isinstance(grids[0], dict):
        raise BusinessError("سطرهای سند درست وارد نشده است.")
    grid = grids[0]
    described = {name: grid.get(name) for name in ("name", "entity", "keyField")}
    if described != {"name": "dbgrid1", "entity": "sl_rizsanad", "keyField": "coderiz"}:
        raise BusinessError("جدول سطرها شناخته نشد.")
    rows = grid.get("data")
    if not isinstance(rows, list) or not rows:
        raise BusinessError("سند باید دست کم یک سطر داشته باشد.")
    return [_line(row, number) for number, row in enumerate(rows, start=1)]


def decoded(text: str) -> Any:
    """The JSON inside a text. Raises BusinessError."""
    try:
        return decode(text)
    except msgspec.DecodeError:
        raise BusinessError("سطرهای سند درست وارد نشده است.") from None


def _line(row: Any, number: int) -> Object:
    values = _new_values(row, number)
    if values["_status"] != "inserted" or not _same_uid(row) or values["radif"] != str(number):
        raise BusinessError(f"سطر {number} درست وارد نشده است.", "radif")
    if not isinstance(values["codekala"], str) or not values["codekala"]:
        raise BusinessError(f"کالای ردیف {number} درست وارد نشده است", "codekala")
    quantity = _decimal(values["qty"])
    if quantity is None or quantity <= 0 or quantity != _decimal(values["finalqty"]):
        raise BusinessError(f"مقدار ردیف {number} درست وارد نشده است", "qty")
    price = _decimal(values["price"])
    if price is None or price <= 0:
        raise BusinessError(f"قیمت ردیف {number} درست وارد نشده است", "price")
    discount = _decimal(values["mabtakhfif"] or 0)
    if discount is None or not 0 <= discount <= quantity * price:
        raise BusinessError(f"تخفیف ردیف {number} درست وارد نشده است", "mabtakhfif")
    return values | {"qty": quantity, "finalqty": quantity, "price": price, "mabtakhfif": discount}


def _new_values(row: Any, number: int) -> Object:
    """The new value of every column. Raises BusinessError for an unknown, missing or malformed one."""
    if not isinstance(row, dict) or row.keys() != _LINE_COLUMNS:
        raise BusinessError(f"ستون‌های سطر {number} درست نیست.")
    for name, cell in row.items():
        if not isinstance(cell, dict) or cell.keys() != {"oldValue", "newValue"}:
            raise BusinessError(f"سطر {number} درست وارد نشده است.", name)
    return {name: cell["newValue"] for name, cell in row.items()}


def _same_uid(row: Object) -> bool:
    uid = row["__uid"]
    return bool(uid["newValue"]) and uid["oldValue"] == uid["newValue"]


def _decimal(value: Any) -> Decimal | None:
    """A number, also one that is written as text with ASCII digits; None for anything else."""
    if isinstance(value, bool) or (isinstance(value, str) and not value.isascii()):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
