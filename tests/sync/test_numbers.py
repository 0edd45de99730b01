"""Customer numbers: there and back by the site's rule, and what does not follow it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamgam.model import FinanceId
from hamgam.persian import to_persian_digits
from hamgam.sync.numbers import NumberRule

prefixes = st.sampled_from(["", "100-", "A", "مشتری ", "ك-", "7", "1.5/"])
codes = st.integers(min_value=1, max_value=10**12)
offsets = st.integers(min_value=0, max_value=10**6)


@given(prefixes, offsets, codes)
def test_there_and_back(prefix: str, offset: int, code: int) -> None:
    rule = NumberRule(prefix, offset)
    number = rule.crm_number(FinanceId(str(code)))
    assert rule.finance_code(number) == str(code)
    assert rule.finance_code(f"  {to_persian_digits(number)}\u200f ") == str(code)


@given(st.text(max_size=12), offsets)
def test_any_text_is_a_code_or_none(text: str, offset: int) -> None:
    code = NumberRule("", offset).finance_code(text)
    assert code is None or int(code) > 0


def test_the_site_that_was_seen() -> None:
    rule = NumberRule("100-", 1000)
    assert rule.crm_number(FinanceId("234")) == "100-1234"
    assert rule.finance_code("100-1234") == "234"


def test_an_offset_may_be_negative() -> None:
    rule = NumberRule("", -1000)
    assert rule.crm_number(FinanceId("1234")) == "234"
    assert rule.finance_code("234") == "1234"


@pytest.mark.parametrize(
    "number",
    [
        "",
        "1234",
        "100-",
        "100-12a4",
        "100--5",
        "100-1 234",
        "101-1234",
        "100-1000",
        "100-999",
        "100-" + "9" * 19,
    ],
)
def test_a_number_that_does_not_follow_the_rule_stands_for_nobody(number: str) -> None:
    assert NumberRule("100-", 1000).finance_code(number) is None


@pytest.mark.parametrize("number", ["۱۲۳۴", "١٢٣٤", " 1234 "])
def test_digits_of_every_kind(number: str) -> None:
    assert NumberRule().finance_code(number) == "1234"


@pytest.mark.parametrize("number", ["0", "-5", "+5", "1e3", "1.0", "²", "½"])
def test_what_only_looks_like_a_number(number: str) -> None:
    assert NumberRule().finance_code(number) is None
