"""Checksums of what is mapped, so that an edit of anything else makes no write."""

from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from json import dumps

from hamgam.model import DocumentLine, Fields, FinanceId, SalesDocument
from hamgam.persian import text_key
from hamgam.sync.fields import normalised


def customer_checksum(number: str, fields: Fields) -> str:
    """Of a CRM customer: its number and its mapped fields in normal form."""
    return _checksum({"number": text_key(number), "fields": normalised(fields)})


def contact_checksum(fields: Fields) -> str:
    """Of a finance contact. The number is left out, and what is empty: only some builds return them."""
    return _checksum({"fields": {name: value for name, value in normalised(fields).items() if value}})


def document_checksum(document: SalesDocument, customer: FinanceId) -> str:
    """Of a sales document as it would be written for this finance customer."""
    return _checksum(
        {
            "customer": customer,
            "type": document.type_code,
            "title": text_key(document.subject),
            "notes": text_key(document.description),
            "lines": [_line(line) for line in document.lines],
        }
    )


def is_one_version(modified_at: datetime) -> bool:
    """Whether a modification time names one state for certain: two saves may share a whole second."""
    return modified_at.microsecond != 0


def _line(line: DocumentLine) -> object:
    return [
        text_key(line.product_code),
        text_key(line.unit),
        plain(line.quantity),
        plain(line.unit_price),
        plain(line.discount),
    ]


def plain(amount: Decimal) -> str:
    """One text for one number: 2, 2.0 and 2E+0 are the same amount.

    `Decimal.normalize` would round what has more digits than the arithmetic context.
    """
    text = f"{abs(amount) if amount.is_zero() else amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _checksum(content: object) -> str:
    text = dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
