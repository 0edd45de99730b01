"""The field mapping: normal forms are stable, and differences are what a write would change."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamgam.model import Fields
from hamgam.sync.fields import CUSTOMER, Field, FieldChange, differences, normalised, restricted
from hamgam.systems.payamgostar import fields as crm
from hamgam.systems.siagh import fields as finance

records = st.dictionaries(
    st.sampled_from([field.name for field in CUSTOMER]),
    st.text(max_size=10) | st.sampled_from(["", "09121112233", "۰۹۱۲", "علي", "علی"]),
)


@pytest.mark.parametrize("field", CUSTOMER, ids=lambda field: field.name)
@given(value=st.text() | st.text("\u0339\u0334\u0651\u200c ./:Åİßfi", max_size=8))
@example(value="\u0339 \u0334")
def test_comparing_twice_changes_nothing(field: Field, value: str) -> None:
    assert field.compare(field.compare(value)) == field.compare(value)


@pytest.mark.parametrize("field", CUSTOMER, ids=lambda field: field.name)
def test_empty_stays_empty_and_is_what_blanks_are(field: Field) -> None:
    assert field.compare("") == field.compare("  ") == ""


def test_every_field_is_known_to_both_systems() -> None:
    ours = {field.name for field in CUSTOMER}
    assert len(ours) == len(CUSTOMER)
    assert {field.name for field in crm.CUSTOMER} == ours
    assert {field.name for field in finance.CONTACT} == ours


@given(records)
def test_a_normal_form_has_the_same_fields_and_is_its_own(fields: Fields) -> None:
    normal = normalised(fields)
    assert normal.keys() == fields.keys()
    assert normalised(normal) == normal


def test_a_field_that_nobody_maps_is_left_out() -> None:
    assert normalised({"name": "سارا", "birthday": "1370/01/01"}) == {"name": "سارا"}


@given(records, records)
def test_a_difference_is_a_field_of_both_with_another_value(before: Fields, after: Fields) -> None:
    changed = {change.field: change for change in differences(before, after)}
    both = before.keys() & after.keys()
    assert changed.keys() <= both
    old, new = normalised(before), normalised(after)
    assert changed.keys() == {name for name in both if old[name] != new[name]}
    for name, change in changed.items():
        assert change == FieldChange(name, before[name], after[name])


@given(records)
def test_nothing_differs_from_itself(fields: Fields) -> None:
    assert differences(fields, fields) == ()
    assert differences(fields, normalised(fields)) == ()


@given(records, records)
def test_restricted_to_the_fields_of_the_other_side(fields: Fields, to: Fields) -> None:
    kept = restricted(fields, to)
    assert kept.keys() == fields.keys() & to.keys()
    assert all(kept[name] == fields[name] for name in kept)
