"""The texts that a save consists of. Pure: values in, a request body out.

A form is `name=value` joined by `|`, and no escape exists: a value that held `|` would begin another column
and could overwrite anything. So every value goes through `wire_text`.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from hamgam.model import DocumentLine, Fields, FinanceId, Kind, PreInvoice
from hamgam.systems.siagh.fields import CONTACT, NUMBER_COLUMN

CONTACT_FORM = "2BFDA"
DOCUMENT_FORM = "43D81"

Body = dict[str, str]
Pairs = Iterable[tuple[str, object]]

_CONTROL = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
_FORBIDDEN = _CONTROL | {ord("|"): "¦"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")

_CREATE_COLUMNS = (
    "isactive",
    "gender",
    "websiteaddress",
    "pocode",
    "codeostan",
    "address",
    "codeshahr",
    "countrycode",
    "email",
    "fullname",
    "mobileno",
    "telno",
    "passno",
    "tmpid",
    "tozihat",
    "taraftype",
)

_PAIR = re.compile(r"([^=|]*)=([^|]*)")


def wire_text(value: str) -> str:
    """What the wire can carry of a value: `|` becomes `¦`, line breaks and control characters a space."""
    return value.replace("\r\n", "\n").translate(_FORBIDDEN)


def build(pairs: Pairs) -> str:
    return "|".join(f"{name}={wire_text(str(value))}" for name, value in pairs)


def parse(text: str) -> list[tuple[str, str]]:
    """The reverse of `build`. Raises ValueError for a piece without a name and an equals sign."""
    pieces = [_PAIR.fullmatch(piece) for piece in text.split("|")] if text else []
    pairs = [(piece[1], piece[2]) for piece in pieces if piece]
    if len(pairs) < len(pieces):
        raise ValueError("not a list of name=value")
    return pairs


def create_contact(kind: Kind, number: str, fields: Fields) -> Body:
    """Every column of the form, in the form's own order; what we do not have is empty."""
    values = _columns(number, fields) | {
        "isactive": "1",
        "taraftype": "1" if kind is Kind.ORGANIZATION else "0",
    }
    columns = [(f"gn_web_users.{name}", values.get(name, "")) for name in _CREATE_COLUMNS]
    return _body(CONTACT_FORM, [("NickName", "dbgrid1.#nickname#"), *columns], [("CodeMain", "")])


def update_contact(code: FinanceId, number: str, fields: Fields) -> Body:
    """Only the columns of the given fields: a listed column is overwritten, any other keeps its value.

    The number is listed when there is one; it is never cleared.
    """
    return _update(code, _columns(number, fields))


def deactivate_contact(code: FinanceId) -> Body:
    return _update(code, {"isactive": "0"})


def _update(code: FinanceId, values: Mapping[str, str]) -> Body:
    columns = [(f"gn_web_users.{name}", values[name]) for name in _CREATE_COLUMNS if name in values]
    return _body(CONTACT_FORM, [("Param1", code), *columns], [("CodeMain", code)])


def _columns(number: str, fields: Fields) -> dict[str, str]:
    values = {field.column: fields[field.name] for field in CONTACT if field.name in fields}
    return values | ({NUMBER_COLUMN: number} if number else {})


def save_document(
    document: PreInvoice,
    *,
    transaction_id: UUID,
    fiscal_year: str,
    contact: str,
    key: FinanceId | None = None,
) -> Body:
    """A pre-invoice; without a `key` a new one. `fiscal_year` is the Jalali year of the finance session."""
    header = {
        "hssanadstate": 8,
        "codenoeesanad": 2,
        "codesalemodel": document.sale_model,
        "salmali": fiscal_year,
        "codenoeepardakht": document.payment_kind,
        "codemarkazforush": document.sales_center,
        "codecontact": contact,
        "codemoshtari": document.customer_code,
        "codenoeeforush": document.sale_kind,
        "codevaseteh": document.intermediary,
        "tozihat": document.notes,
        "namenoesanad": document.title,
    }
    parameters = [("_In_EditKeys", key or ""), ("_In_Suid", transaction_id.hex.upper()), ("nocheck", "")]
    pairs = [(f"sl_sanad.{name}", value) for name, value in header.items()]
    return _body(DOCUMENT_FORM, pairs, parameters, data_rows(document.lines, transaction_id))


def data_rows(lines: Iterable[DocumentLine], transaction_id: UUID) -> str:
    """The lines as the JSON text inside the JSON. Row ids are short and follow from the transaction."""
    prefix = transaction_id.hex[:4]
    rows = [_line(line, number, f"{prefix}{number:04x}") for number, line in enumerate(lines, 1)]
    grid = {"name": "dbgrid1", "entity": "sl_rizsanad", "keyField": "coderiz", "data": rows}
    return msgspec.json.encode([grid]).decode()


def _line(line: DocumentLine, number: int, uid: str) -> dict[str, Any]:
    quantity = _plain(line.quantity)
    values = {
        "codekala": line.product_code,
        "nameunit": line.unit,
        "qty": quantity,
        "price": _plain(line.unit_price),
        "mabtakhfif": _plain(line.discount),
        "vazn": "0",
        "hajm": "0",
        "radif": str(number),
        "finalqty": quantity,
        "takhfif": None,
        "sumamelinc": None,
        "sumameldec": None,
    }
    fixed = {"__uid": _cell(uid, uid), "_status": _cell("inserted", "inserted")}
    return fixed | {name: _cell(None, value) for name, value in values.items()}


def _cell(old: object, new: object) -> dict[str, object]:
    return {"oldValue": old, "newValue": new}


def _plain(value: Decimal) -> msgspec.Raw:
    """A JSON number without an exponent, every digit as it is."""
    return msgspec.Raw(format(value, "f").encode())


def _body(form: str, values: Pairs, parameters: Pairs, rows: str = "[]") -> Body:
    return {
        "formId": form,
        "ctrlValues": build(values),
        "parameters": build(parameters),
        "dataRows": rows,
        "attachments": "[]",
        "postCode": "1110",
        "flowId": "",
    }
