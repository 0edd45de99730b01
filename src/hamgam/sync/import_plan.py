"""What the initial import does with one finance contact. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hamgam.errors import Reason
from hamgam.model import CrmId, Fields, FinanceContact, FinanceId, Kind, Operation
from hamgam.persian import text_key
from hamgam.sync.match import is_exactly


@dataclass(slots=True)
class Known:
    """What is in the CRM or mapped already."""

    mapped: dict[FinanceId, CrmId]
    numbers: dict[str, CrmId]
    """CRM ids by customer number in normal form."""
    taken: set[CrmId]
    """CRM customers that belong to a finance contact."""
    unfinished: Mapping[FinanceId, Fields]
    """Contacts whose create an earlier run sent without seeing its end, and what it sent."""
    kinds: dict[CrmId, Kind | None] = field(default_factory=dict)
    """What the CRM's customers are; None where it does not tell."""
    made: dict[str, FinanceId] = field(default_factory=dict)
    """Numbers, in normal form, under which the import has made or is making customers, by contact."""
    shared: set[str] = field(default_factory=set)
    """Numbers, in normal form, that several CRM customers have."""
    creates: list[Fields] = field(default_factory=list)
    """What syncs that have not ended well were about to create in finance, or have created."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one contact needs: nothing and why, a link to a CRM customer, or to be created there.

    Nothing, but with a CRM customer, is a conflict with that customer.
    """

    operation: Operation
    reason: Reason | None = None
    number: str = ""
    crm_id: CrmId | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    contact: FinanceContact
    plan: Plan


def plan(contact: FinanceContact, known: Known, site_number: Callable[[FinanceId], str]) -> Plan:
    """Choose for one contact. Pure but for what `known` says."""
    skip = _skip_reason(contact, known)
    if skip is not None:
        return Plan(Operation.NONE, skip)
    number = site_number(contact.code)
    own = (contact.number or "").strip()
    elsewhere = known.made.get(text_key(own), contact.code) != contact.code
    if own and text_key(own) in known.numbers and not elsewhere:
        return _in_crm(contact, own, known)
    if text_key(number) not in known.numbers:
        return _new(contact, number, known)
    if own and known.made.get(text_key(number)) != contact.code:
        # Its own number says that it is somebody else than the customer whose number its code stands for.
        return Plan(Operation.NONE, Reason.AMBIGUOUS_MATCH, number, known.numbers[text_key(number)])
    return _in_crm(contact, number, known)


def _new(contact: FinanceContact, number: str, known: Known) -> Plan:
    if any(is_exactly(contact, sent) for sent in known.creates):
        return Plan(Operation.NONE, Reason.BEING_CREATED)
    return Plan(Operation.CREATE, None, number)


def _in_crm(contact: FinanceContact, number: str, known: Known) -> Plan:
    crm_id = known.numbers[text_key(number)]
    if text_key(number) in known.shared:
        return Plan(Operation.NONE, Reason.AMBIGUOUS_MATCH, number, crm_id)
    if crm_id in known.taken:
        return Plan(Operation.NONE, Reason.MATCH_TAKEN, number, crm_id)
    if known.kinds.get(crm_id) not in (None, contact.kind):
        return Plan(Operation.NONE, Reason.KIND_MISMATCH, number, crm_id)
    return Plan(Operation.LINK, Reason.NUMBER_IN_CRM, number, crm_id)


def _skip_reason(contact: FinanceContact, known: Known) -> Reason | None:
    if contact.code in known.mapped:
        return Reason.ALREADY_MAPPED
    if not contact.code.isdecimal():
        return Reason.UNUSABLE_RECORD  # no number of a customer can be made of it
    if contact.administrator:
        return Reason.ADMINISTRATOR
    if not contact.active:
        return Reason.INACTIVE
    return None if text_key(contact.fields.get("name", "")) else Reason.UNUSABLE_RECORD
