"""The sandbox's variants on the command line."""

import pytest

from hamgam.app.commands.sandboxing import chosen
from hamgam.errors import UsageError
from hamgam.sandbox import CrmMood, FinanceMood


def test_each_mood_finds_its_system() -> None:
    crm, finance = chosen(["returns_tmpid=false", "webhook_shape=query", "fraction_digits=7"])
    assert crm == CrmMood(webhook_shape="query", fraction_digits=7)
    assert finance == FinanceMood(returns_tmpid=False)


@pytest.mark.parametrize("wrong", ["filters=some", "returns_tmpid=perhaps", "no_such=1", "filters"])
def test_a_mood_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="--mood"):
        chosen([wrong])
