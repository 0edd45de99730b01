"""Which contact a customer is: all pairs of candidates, all owners, all orders of the keys."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest

from hamgam.errors import Reason
from hamgam.model import CrmCustomer, CrmId, CustomerProbe, FinanceContact, FinanceId, Kind
from hamgam.sync.match import Match, MatchKey, NoMatch, OneMatch, Unclear, match

ME, OTHER = CrmId("me"), CrmId("other")
NUMBER, NATIONAL_ID = MatchKey.CUSTOMER_NUMBER, MatchKey.NATIONAL_ID
ORDERS = ((), (NUMBER,), (NATIONAL_ID,), (NUMBER, NATIONAL_ID), (NATIONAL_ID, NUMBER))
EXACT = {"name": "سارا", "national_id": ""}
PROBE = CustomerProbe(number="100-5", code=FinanceId("5"), national_id="0012345679")
PROBES = (
    PROBE,
    replace(PROBE, exact=EXACT),
    CustomerProbe(),
    CustomerProbe(exact=EXACT),
    replace(PROBE, code=None),
    replace(PROBE, national_id=""),
)
CUSTOMER = CrmCustomer(id=ME, kind=Kind.PERSON, number="100-5", fields={}, modified_at=None)

Owners = dict[FinanceId, CrmId]


def contact(
    code: str = "6",
    *,
    number: str | None = None,
    national_id: str = "",
    kind: Kind = Kind.PERSON,
    name: str = "سارا",
) -> FinanceContact:
    return FinanceContact(
        code=FinanceId(code), kind=kind, number=number, fields={"name": name, "national_id": national_id}
    )


def candidates(code: str) -> list[FinanceContact]:
    return [
        contact(code, number=number, national_id=national_id, kind=kind)
        for number, national_id, kind in product(
            (None, "", "100-5", "777"), ("", "0012345679", "0099999999"), Kind
        )
    ]


def situations() -> Iterator[tuple[CustomerProbe, list[FinanceContact], Owners]]:
    """Nobody, anybody alone, and any two: the first has the code that the number stands for."""
    owned: list[CrmId | None] = [None, ME, OTHER]
    for probe in PROBES:
        yield probe, [], {}
        for one, owner in product(candidates("5") + candidates("6"), owned):
            yield probe, [one], {one.code: owner} if owner else {}
        for one, two, first, second in product(candidates("5"), candidates("6"), owned, owned):
            pairs = ((one.code, first), (two.code, second))
            yield probe, [one, two], {code: owner for code, owner in pairs if owner}


def has_number(one: FinanceContact, probe: CustomerProbe) -> bool:
    if not probe.number:
        return False
    return one.number == probe.number if one.number else one.code == probe.code


def has_national_id(one: FinanceContact, probe: CustomerProbe) -> bool:
    return bool(probe.national_id) and one.fields["national_id"] == probe.national_id


RECOGNISES = {NUMBER: has_number, NATIONAL_ID: has_national_id}


def hits(
    probe: CustomerProbe, found: Sequence[FinanceContact], owners: Owners, keys: Sequence[MatchKey]
) -> set[str]:
    """Whom the first key that recognises anyone recognises; spelled out a second time, plainly."""
    for key in keys:
        recognised = {one.code for one in found if RECOGNISES[key](one, probe)}
        if recognised:
            return set(recognised)
    return {
        one.code
        for one in found
        if probe.exact and dict(one.fields) == dict(probe.exact) and one.code not in owners
    }


@pytest.mark.parametrize("keys", ORDERS)
def test_every_pair_of_candidates(keys: Sequence[MatchKey]) -> None:
    for probe, found, owners in situations():
        verdict = match(CUSTOMER, probe, found, owners, keys)
        wanted = [one for one in found if one.code in hits(probe, found, owners, keys)]
        alike = [one for one in wanted if one.kind is Kind.PERSON]
        match verdict:
            case NoMatch():
                assert not wanted
            case OneMatch(one):
                assert alike == [one]
                assert owners.get(one.code) in (None, ME)
            case Unclear(reason, codes):
                assert set(codes) == {one.code for one in wanted}
                assert reason is expected_reason(alike, owners)


def expected_reason(alike: Sequence[FinanceContact], owners: Owners) -> Reason:
    if not alike:
        return Reason.KIND_MISMATCH
    if len(alike) > 1:
        return Reason.AMBIGUOUS_MATCH
    assert owners[alike[0].code] == OTHER
    return Reason.MATCH_TAKEN


@pytest.mark.parametrize(("first", "second"), [(NUMBER, NATIONAL_ID), (NATIONAL_ID, NUMBER)])
def test_the_second_key_speaks_only_where_the_first_finds_nobody(first: MatchKey, second: MatchKey) -> None:
    for given, found, owners in situations():
        probe = replace(given, exact=None)
        by_first = match(CUSTOMER, probe, found, owners, (first,))
        by_second = match(CUSTOMER, probe, found, owners, (second,))
        both = match(CUSTOMER, probe, found, owners, (first, second))
        assert both == (by_second if isinstance(by_first, NoMatch) else by_first)


@pytest.mark.parametrize("keys", ORDERS)
def test_the_order_of_the_candidates_does_not_matter(keys: Sequence[MatchKey]) -> None:
    for probe, found, owners in situations():
        there = match(CUSTOMER, probe, found, owners, keys)
        back = match(CUSTOMER, probe, found[::-1], owners, keys)
        assert _sorted(there) == _sorted(back)


def _sorted(verdict: Match) -> Match:
    if isinstance(verdict, Unclear):
        return Unclear(verdict.reason, tuple(sorted(verdict.codes)))
    return verdict


@pytest.mark.parametrize("number", ["777", " ۷۷۷ "])
def test_a_number_that_says_otherwise_is_stronger_than_the_code(number: str) -> None:
    assert match(CUSTOMER, PROBE, [contact("5", number=number)], {}, (NUMBER,)) == NoMatch()


@pytest.mark.parametrize("number", [None, "", "  "])
def test_the_code_counts_where_no_number_is_said(number: str | None) -> None:
    one = contact("5", number=number)
    assert match(CUSTOMER, PROBE, [one], {}, (NUMBER,)) == OneMatch(one)


def test_spellings_of_one_number_are_one() -> None:
    one = contact(number="۱۰۰-۵ ", national_id="۰۰۱۲۳۴۵۶۷۹")
    assert match(CUSTOMER, PROBE, [one], {}, (NUMBER,)) == OneMatch(one)
    assert match(CUSTOMER, PROBE, [one], {}, (NATIONAL_ID,)) == OneMatch(one)


def test_nobody_is_recognised_by_what_is_empty_on_both_sides() -> None:
    assert match(CUSTOMER, CustomerProbe(), [contact(number="")], {}, (NUMBER, NATIONAL_ID)) == NoMatch()


def test_exact_values_recognise_who_has_them_as_far_as_the_build_says() -> None:
    probe = CustomerProbe(exact={"name": "سارا", "mobile": "09121112233"})
    for fields, recognised in (
        ({"name": "سارا", "mobile": "+98 912 111 2233"}, True),
        ({"name": "سارا"}, True),
        ({"name": "سارا", "mobile": ""}, False),
        ({"name": "دارا", "mobile": "09121112233"}, False),
        ({"mobile": "09121112233"}, False),
    ):
        one = replace(contact(), fields=fields)
        assert isinstance(match(CUSTOMER, probe, [one], {}, (NUMBER,)), OneMatch) is recognised


def test_exact_values_never_recognise_somebody_elses_contact() -> None:
    probe = CustomerProbe(exact=EXACT)
    assert match(CUSTOMER, probe, [contact()], {FinanceId("6"): OTHER}, ()) == NoMatch()


def test_two_contacts_with_the_exact_values_are_for_a_person() -> None:
    probe = CustomerProbe(exact=EXACT)
    verdict = match(CUSTOMER, probe, [contact("5"), contact("6")], {}, ())
    assert verdict == Unclear(Reason.AMBIGUOUS_MATCH, (FinanceId("5"), FinanceId("6")))
