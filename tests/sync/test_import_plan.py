"""What the import does with one contact: every combination of what is known of it."""

from dataclasses import replace
from itertools import product

import pytest

from hamgam.errors import Reason
from hamgam.model import CrmId, Fields, FinanceContact, FinanceId, Kind, Operation
from hamgam.sync.import_plan import Known, Plan, plan
from hamgam.sync.numbers import NumberRule

RULE = NumberRule("100-", 1000)
CODE = FinanceId("5")
SITE_NUMBER = "100-1005"
OWN, BY_RULE, SOMEBODY = CrmId("own"), CrmId("by rule"), CrmId("somebody")
CONTACT = FinanceContact(code=CODE, kind=Kind.PERSON, number=None, fields={"name": "سارا"})


def knowing(
    *,
    mapped: bool = False,
    numbers: dict[str, CrmId] | None = None,
    taken: tuple[CrmId, ...] = (),
    unfinished: bool = False,
    creates: tuple[Fields, ...] = (),
) -> Known:
    return Known(
        mapped={CODE: SOMEBODY} if mapped else {},
        numbers=numbers or {},
        taken=set(taken),
        unfinished={CODE: {}} if unfinished else {},
        made={SITE_NUMBER: CODE} if unfinished else {},
        creates=list(creates),
    )


def planned(contact: FinanceContact, known: Known) -> Plan:
    return plan(contact, known, RULE.crm_number)


@pytest.mark.parametrize("number", [None, "", "77"])
@pytest.mark.parametrize("name", [None, "", " \u200c ", "سارا"])
def test_every_reason_to_skip_in_its_order(number: str | None, name: str | None) -> None:
    for mapped, administrator, active in product((True, False), repeat=3):
        fields = {} if name is None else {"name": name}
        contact = replace(CONTACT, number=number, fields=fields, administrator=administrator, active=active)
        chosen = planned(contact, knowing(mapped=mapped))
        if mapped:
            expected: Reason | None = Reason.ALREADY_MAPPED
        elif administrator:
            expected = Reason.ADMINISTRATOR
        elif not active:
            expected = Reason.INACTIVE
        elif name != "سارا":
            expected = Reason.UNUSABLE_RECORD
        else:
            expected = None
        operation = Operation.CREATE if expected is None else Operation.NONE
        assert (chosen.operation, chosen.reason, chosen.crm_id) == (operation, expected, None)


@pytest.mark.parametrize("code", ["A5", "5.0", "-5"])
def test_a_contact_whose_code_is_no_number_can_have_none_in_the_crm(code: str) -> None:
    chosen = planned(replace(CONTACT, code=FinanceId(code)), knowing())
    assert chosen == Plan(Operation.NONE, Reason.UNUSABLE_RECORD)


@pytest.mark.parametrize("sent", ["سارا", "سارا محمدی"])
def test_a_contact_that_a_sync_is_creating_is_left_to_it(sent: str) -> None:
    known = knowing()
    known.creates.append({"name": sent, "mobile": "09121112233"})
    expected = Plan(Operation.NONE, Reason.BEING_CREATED) if sent == "سارا" else None
    assert planned(CONTACT, known) == (expected or Plan(Operation.CREATE, None, SITE_NUMBER))


@pytest.mark.parametrize("own_number", [None, "", "77", "۷۷", SITE_NUMBER])
@pytest.mark.parametrize("own_in_crm", [True, False])
@pytest.mark.parametrize("rule_in_crm", [True, False])
@pytest.mark.parametrize("taken", [(), (OWN,), (BY_RULE,), (OWN, BY_RULE)])
@pytest.mark.parametrize("unfinished", [True, False])
def test_the_own_number_first_and_then_the_number_of_the_rule(
    own_number: str | None, own_in_crm: bool, rule_in_crm: bool, taken: tuple[CrmId, ...], unfinished: bool
) -> None:
    numbers = ({"77": OWN} if own_in_crm else {}) | ({SITE_NUMBER: BY_RULE} if rule_in_crm else {})
    known = knowing(numbers=numbers, taken=taken, unfinished=unfinished)
    chosen = planned(replace(CONTACT, number=own_number), known)
    another = own_number in ("77", "۷۷")
    hit = None
    if another and own_in_crm:
        hit = (own_number, OWN)
    elif rule_in_crm:
        hit = (SITE_NUMBER, BY_RULE)
    if hit is None:
        assert chosen == Plan(Operation.CREATE, None, SITE_NUMBER)
    elif another and not own_in_crm and not unfinished:
        assert chosen == Plan(Operation.NONE, Reason.AMBIGUOUS_MATCH, *hit), "it says that it is another"
    elif hit[1] in taken:
        assert chosen == Plan(Operation.NONE, Reason.MATCH_TAKEN, *hit)
    else:
        assert chosen == Plan(Operation.LINK, Reason.NUMBER_IN_CRM, *hit)


def test_what_is_created_has_the_number_by_which_it_is_found_again() -> None:
    chosen = planned(replace(CONTACT, number="77"), knowing())
    assert chosen.operation is Operation.CREATE
    after = knowing(numbers={chosen.number: OWN}, unfinished=True)
    again = planned(replace(CONTACT, number="77"), after)
    assert (again.operation, again.crm_id) == (Operation.LINK, OWN)


@pytest.mark.parametrize("taken", [(), (OWN,)])
@pytest.mark.parametrize("number", ["77", "۷۷"])
def test_a_number_that_several_customers_have_is_for_a_person(number: str, taken: tuple[CrmId, ...]) -> None:
    known = knowing(numbers={"77": OWN, SITE_NUMBER: BY_RULE}, taken=taken)
    known.shared.add("77")
    chosen = planned(replace(CONTACT, number=number), known)
    assert chosen == Plan(Operation.NONE, Reason.AMBIGUOUS_MATCH, number, OWN)
    assert planned(CONTACT, known).operation is Operation.LINK


@pytest.mark.parametrize("kind", [None, *Kind])
@pytest.mark.parametrize("number", ["77", None])
def test_a_customer_of_the_other_kind_is_for_a_person(kind: Kind | None, number: str | None) -> None:
    known = knowing(numbers={"77" if number else SITE_NUMBER: OWN})
    known.kinds[OWN] = kind
    chosen = planned(replace(CONTACT, number=number), known)
    if kind is Kind.ORGANIZATION:
        assert chosen == Plan(Operation.NONE, Reason.KIND_MISMATCH, number or SITE_NUMBER, OWN)
    else:
        assert chosen.operation is Operation.LINK


@pytest.mark.parametrize(("sent", "left_out"), [("سارا", True), ("ساره", False)])
def test_a_contact_that_the_engine_may_just_have_made_is_left_to_it(sent: str, left_out: bool) -> None:
    chosen = planned(CONTACT, knowing(creates=({"name": sent, "mobile": "09121112233"},)))
    assert (chosen.reason is Reason.BEING_CREATED) is left_out
    assert (chosen.operation is Operation.CREATE) is not left_out


@pytest.mark.parametrize("taken", [(), (OWN,)])
def test_a_number_that_the_import_gave_to_another_contact_is_no_match(taken: tuple[CrmId, ...]) -> None:
    """A contact's own number may well be what another contact's customer was created under a moment ago."""
    known = knowing(numbers={"77": OWN}, taken=taken)
    known.made["77"] = FinanceId("another")
    assert planned(replace(CONTACT, number="77"), known) == Plan(Operation.CREATE, None, SITE_NUMBER)
    known.made["77"] = CODE
    assert planned(replace(CONTACT, number="77"), known).crm_id == OWN
