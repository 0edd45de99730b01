"""From a sales document to a pre-invoice: what is taken over, what is refused, and when totals disagree."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.errors import Reason, Refused
from hamgam.model import FinanceId, SavedDocument
from hamgam.sync.preinvoice import build, sale_model, total_remark
from hamgam.sync.site import SiteCodes
from tests.sync.test_checksum import DOCUMENT, LINE

CODES = SiteCodes(sale_model=3, payment_kind=2, sales_center=4, sale_kind=5, intermediary=6, contact=77)
CUSTOMER = FinanceId("7")
SENT = build(DOCUMENT, CUSTOMER, CODES)
NET = Decimal("3001.0")

rials = st.decimals(min_value=1, max_value=10**15, places=4)


def saved(net: Decimal | str | None) -> SavedDocument:
    return SavedDocument(key=FinanceId("15459"), number="1001", net=None if net is None else Decimal(net))


def test_everything_is_taken_over() -> None:
    document = replace(DOCUMENT, description="یادداشت")
    ready = build(document, CUSTOMER, CODES)
    assert (ready.customer_code, ready.title, ready.notes) == (CUSTOMER, "فروش", "یادداشت")
    assert (ready.sale_model, ready.payment_kind, ready.sales_center) == (5, 2, 4)
    assert (ready.sale_kind, ready.intermediary, ready.contact) == (5, 6, 77)
    assert ready.lines == document.lines
    assert ready.net == NET


@pytest.mark.parametrize(
    ("type_code", "model"),
    [
        ("PI_5", 5),
        ("PI_05", 5),
        ("SITE_QUOTE_12", 12),
        ("PI_0", 0),
        ("PI_", 3),
        ("PI", 3),
        ("", 3),
        ("5", 3),
        ("PI5", 3),
        ("PI_5_X", 3),
        ("PI_1234567890", 3),
    ],
)
def test_the_sale_model_stands_in_the_type_code(type_code: str, model: int) -> None:
    assert sale_model(type_code, 3) == model
    assert build(replace(DOCUMENT, type_code=type_code), CUSTOMER, CODES).sale_model == model


def test_a_document_without_lines_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        build(replace(DOCUMENT, lines=()), CUSTOMER, CODES)
    assert refused.value.reason is Reason.NO_LINES


@pytest.mark.parametrize(
    "bad",
    [
        replace(LINE, product_code=""),
        replace(LINE, quantity=Decimal(0)),
        replace(LINE, quantity=Decimal("-0.5")),
    ],
)
def test_a_line_that_cannot_be_written_is_refused_by_its_number(bad: object) -> None:
    with pytest.raises(Refused, match="line 2 ") as refused:
        build(replace(DOCUMENT, lines=(LINE, bad, LINE)), CUSTOMER, CODES)
    assert refused.value.reason is Reason.UNUSABLE_RECORD


@pytest.mark.parametrize("net", [None, "3001", "3001.00", "3001.99", "3000.01"])
def test_equal_totals_are_no_remark(net: str | None) -> None:
    assert total_remark(DOCUMENT, SENT, saved(net)) == ""


@pytest.mark.parametrize("net", ["0", "3000", "3002", "30010"])
def test_another_net_total_is_said_with_both_numbers(net: str) -> None:
    remark = total_remark(DOCUMENT, SENT, saved(net))
    assert net in remark and "3001.0" in remark


def test_finance_may_report_the_total_with_vat() -> None:
    document = replace(DOCUMENT, vat=Decimal(300), toll=Decimal("1.0"), final_value=Decimal(3302))
    assert total_remark(document, SENT, saved("3302")) == ""
    assert total_remark(document, SENT, saved("3001")) == ""
    assert total_remark(document, SENT, saved("3303")) != ""


def test_a_final_value_that_the_lines_do_not_make_is_said() -> None:
    document = replace(DOCUMENT, vat=Decimal(300), final_value=Decimal(3001))
    remark = total_remark(document, SENT, saved(None))
    assert "3001" in remark and "3301" in remark


@given(rials, rials, rials, st.decimals(min_value=0, max_value=10**6, places=4))
def test_the_remark_follows_the_sums(quantity: Decimal, price: Decimal, vat: Decimal, off: Decimal) -> None:
    line = replace(LINE, quantity=quantity, unit_price=price)
    document = replace(DOCUMENT, lines=(line,), vat=vat)
    sent = build(document, CUSTOMER, CODES)
    assert total_remark(replace(document, final_value=sent.net + vat), sent, saved(sent.net)) == ""
    said = total_remark(document, sent, saved(sent.net + off))
    assert bool(said) is (abs((sent.net + off) - sent.net) >= 1)
