"""Every reason has sentences that a person can read."""

import re

import pytest

from hamgam.errors import Reason
from hamgam.reasons import SENTENCES
from hamgam.settings import describe

COMMON_TO_BOTH = re.compile(r"[A-Z][A-Z_]+|`[^`]+`|--[a-z-]+")


def test_every_reason_has_its_sentence_in_the_order_of_the_list():
    assert list(SENTENCES) == list(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_both_languages_say_something(reason):
    sentence = SENTENCES[reason]
    for english in (sentence.en, sentence.next_step_en):
        assert english.endswith(".")
        assert english.isascii()
    for persian in (sentence.fa, sentence.next_step_fa):
        assert persian.endswith(".")
        assert re.search("[آ-ی]", persian)
        assert not re.search("[يكى٠-٩]", persian)


@pytest.mark.parametrize("reason", Reason)
def test_both_languages_name_the_same_settings_and_commands(reason):
    sentence = SENTENCES[reason]
    settings = {doc.name for doc in describe()}
    for english, persian in ((sentence.en, sentence.fa), (sentence.next_step_en, sentence.next_step_fa)):
        told = {word for word in COMMON_TO_BOTH.findall(english) if word in settings or word[0] in "`-"}
        assert {word for word in told if word not in persian} == set()
