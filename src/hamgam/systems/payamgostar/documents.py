"""From the CRM's sales documents to ours. Amounts stay the exact decimals of the JSON text."""

from decimal import Decimal

from hamgam.details import Detail
from hamgam.errors import Reason, Refused
from hamgam.model import DocumentLine, Entity, SalesDocument, System
from hamgam.systems.payamgostar.wire import DocumentObject, LineObject, crm_id, maybe_moment, text

DEFAULT_UNIT = "عدد"

_LARGEST_EXPONENT = 18
_SMALLEST_EXPONENT = -12


def sales_document(found: DocumentObject, entity: Entity) -> SalesDocument:
    """Raises Refused(UNUSABLE_RECORD) for a line that cannot be billed as it stands.

    A missing price or quantity is no zero: it is refused, not guessed.
    """
    details = found.details or []
    return SalesDocument(
        id=crm_id(found.crm_id),
        entity=entity,
        number=text(found.number),
        type_code=text(found.crm_object_type_code),
        customer_id=crm_id(found.identity_id) if found.identity_id else None,
        subject=text(found.subject),
        description=text(found.description),
        lines=tuple(_line(row, line) for row, line in enumerate(details, 1)),
        vat=amount(found.vat, "vat", missing=Decimal(0)),
        toll=amount(found.toll, "toll", missing=Decimal(0)),
        final_value=None if found.final_value is None else amount(found.final_value, "finalValue"),
        modified_at=maybe_moment(found.modify_date),
    )


def _line(row: int, line: LineObject) -> DocumentLine:
    if not text(line.product_code).strip():
        raise _unusable(Detail.LINE_WITHOUT_CODE(row))
    return DocumentLine(
        product_code=text(line.product_code).strip(),
        product_name=text(line.product_name),
        unit=text(line.product_unit_type_name).strip() or DEFAULT_UNIT,
        quantity=amount(line.count, f"line {row}: count"),
        unit_price=amount(line.base_unit_price, f"line {row}: baseUnitPrice"),
        discount=amount(line.total_discount, f"line {row}: totalDiscount", missing=Decimal(0)),
    )


def amount(value: Decimal | None, where: str, *, missing: Decimal | None = None) -> Decimal:
    """A number that can be an amount. Raises Refused(UNUSABLE_RECORD) for NaN, infinity and absurd sizes."""
    if value is None:
        if missing is None:
            raise _unusable(Detail.WITHOUT_VALUE(where))
        return missing
    if not value.is_finite() or _exponent(value) < _SMALLEST_EXPONENT:
        raise _unusable(Detail.NO_AMOUNT(where))
    if value and value.adjusted() > _LARGEST_EXPONENT:
        raise _unusable(Detail.TOO_LARGE(where))
    return value


def _exponent(value: Decimal) -> int:
    return int(value.as_tuple().exponent)


def _unusable(detail: str) -> Refused:
    return Refused(Reason.UNUSABLE_RECORD, detail, system=System.CRM)
