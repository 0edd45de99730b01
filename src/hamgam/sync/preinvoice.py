"""From a CRM sales document to a finance pre-invoice, and the comparison of their totals. Pure."""

import re
from decimal import Decimal

from hamgam.details import BETWEEN, Detail
from hamgam.errors import Reason, Refused
from hamgam.model import DocumentLine, FinanceId, PreInvoice, SalesDocument, SavedDocument
from hamgam.sync.site import SiteCodes

_TYPE_NUMBER = re.compile(r"_(\d{1,9})$")
_RIAL = Decimal(1)


def build(document: SalesDocument, customer: FinanceId, codes: SiteCodes) -> PreInvoice:
    """Transform a document. Raises `Refused` for one that no pre-invoice can be made of."""
    if not document.lines:
        raise Refused(Reason.NO_LINES, Detail.NO_LINES(document.number))
    for row, line in enumerate(document.lines, start=1):
        _check(row, line)
    return PreInvoice(
        customer_code=customer,
        sale_model=sale_model(document.type_code, codes.sale_model),
        payment_kind=codes.payment_kind,
        sales_center=codes.sales_center,
        sale_kind=codes.sale_kind,
        intermediary=codes.intermediary,
        contact=codes.contact,
        title=document.subject,
        notes=document.description,
        lines=document.lines,
    )


def sale_model(type_code: str, default: int) -> int:
    """`PI_5` means sale model 5; a type without a number gets the site's default."""
    number = _TYPE_NUMBER.search(type_code)
    return int(number.group(1)) if number else default


def total_remark(document: SalesDocument, sent: PreInvoice, saved: SavedDocument) -> str:
    """Why the totals do not agree; "" when they do. A difference under one rial is rounding."""
    remarks = []
    if saved.net is not None and _differ(saved.net, sent.net) and not _is(saved.net, document.final_value):
        remarks.append(Detail.NET_DIFFERS(amount=f"{saved.net:f}", against=f"{sent.net:f}"))
    gross = sent.net + document.vat + document.toll
    if document.final_value is not None and _differ(gross, document.final_value):
        remarks.append(Detail.FINAL_VALUE_DIFFERS(amount=f"{document.final_value:f}", against=f"{gross:f}"))
    return BETWEEN.join(remarks)


def _check(row: int, line: DocumentLine) -> None:
    if not line.product_code:
        raise Refused(Reason.UNUSABLE_RECORD, Detail.NO_PRODUCT_CODE(row))
    if line.quantity <= 0:
        raise Refused(Reason.UNUSABLE_RECORD, Detail.BAD_QUANTITY(row, f"{line.quantity:f}"))


def _differ(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) >= _RIAL


def _is(amount: Decimal, other: Decimal | None) -> bool:
    return other is not None and not _differ(amount, other)
