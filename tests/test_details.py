"""What the engine adds to a reason code is found again in the log, and told in both languages."""

import ast
import re
from pathlib import Path

import pytest

import hamgam
from hamgam.app.masking import HIDDEN, masked_message
from hamgam.app.words import WORDS, Said, Writer
from hamgam.details import BETWEEN, Detail, find
from hamgam.errors import Reason
from hamgam.reasons import SENTENCES

FA, EN = Writer("fa"), Writer("en")
SAMPLES = {
    "reason": Reason.BUSINESS_ERROR,
    "fields": "name, mobile",
    "rest": "کد نامعتبر است",
    "amount": "1500000",
    "against": "2.5",
}
RAISED = {"TryLater", "Refused", "Conflict", "InDoubt", "NeedsOperator"}
MADE = RAISED | {"broken", "_broken", "_unusable"}


def written(detail: Detail) -> str:
    named = {place: SAMPLES[place] for place in detail.places if place}
    return detail(*(f"v{number}" for number in range(detail.places.count(""))), **named)


@pytest.mark.parametrize("detail", Detail, ids=lambda detail: detail.name)
def test_every_detail_is_found_again_with_its_values(detail: Detail) -> None:
    [found] = find(written(detail))
    assert found.detail is detail
    assert found.written(detail.en, lambda place, value: value) == written(detail)


@pytest.mark.parametrize("detail", Detail, ids=lambda detail: detail.name)
def test_both_languages_name_the_same_values(detail: Detail) -> None:
    assert re.findall(r"\{\w*\}", detail.fa) == re.findall(r"\{\w*\}", detail.en)
    persian = FA.said(written(detail)).ours
    assert not re.search(r"[a-z]{3}", re.sub("\u2068.*?\u2069|expiresAt|HTTP", "", persian)), persian


def test_nothing_that_is_raised_has_a_text_of_its_own() -> None:
    """A text that is not in the table would stand in English on a Persian page."""
    for path in Path(hamgam.__file__).parent.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        for call in calls if "sandbox" not in path.parts else []:
            if getattr(call.func, "id", getattr(call.func, "attr", "")) in MADE:
                texts = [arg for arg in call.args if isinstance(arg, ast.JoinedStr | ast.Constant)]
                assert not texts, f"{path.name}:{call.lineno}"


@pytest.mark.parametrize(
    "text",
    ["", "شماره تکراری است", "the connection broke off again", "status of the contact is wrong", "234, 235"],
)
def test_what_a_remote_system_says_stands_as_it_is(text: str) -> None:
    assert FA.said(text) == EN.said(text) == Said("", text)


def test_a_failure_inside_another_is_told_and_what_was_quoted_stays() -> None:
    remote = "این موبایل تکراری است"
    told = FA.said(Detail.CUSTOMER("9b6ff794", "FAILED", reason=Reason.DUPLICATE_PHONE, rest=remote))
    assert told.theirs == remote
    assert SENTENCES[Reason.DUPLICATE_PHONE].fa in told.ours
    assert WORDS["fa"]["FAILED"] in told.ours
    inner = FA.said(Detail.CAUSE(reason=Reason.SERVER_ERROR, rest=Detail.STATUS(500)))
    assert (inner.theirs, "کد وضعیت" in inner.ours) == ("", True)


def test_two_remarks_are_told_both() -> None:
    net = Detail.NET_DIFFERS(amount="1015000", against="20.5")
    both = BETWEEN.join((net, Detail.FINAL_VALUE_DIFFERS(amount="30", against="40")))
    assert [found.detail for found in find(both)] == [Detail.NET_DIFFERS, Detail.FINAL_VALUE_DIFFERS]
    assert EN.said(both).ours == both.replace("1015000", "1,015,000")
    assert "\u2068۱٬۰۱۵٬۰۰۰\u2069" in FA.said(both).ours and "\u2068۲۰٫۵\u2069" in FA.said(both).ours
    assert find(f"{both}; and more") == ()


def test_a_viewer_reads_what_the_engine_says_and_not_what_it_quotes() -> None:
    assert masked_message(Detail.NO_ANSWER()) == Detail.NO_ANSWER()
    assert (
        masked_message(Detail.CAUSE(reason=Reason.BUSINESS_ERROR, rest="سارا محمدی"))
        == f"BUSINESS_ERROR {HIDDEN}"
    )
    assert masked_message(Detail.STATUS("09121234567")) == Detail.STATUS(HIDDEN)
