"""Which finance contact a new CRM customer is, if it is there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hamgam.errors import Reason
from hamgam.model import CrmCustomer, CrmId, CustomerProbe, Fields, FinanceContact, FinanceId
from hamgam.persian import digits_key, text_key
from hamgam.sync.fields import differences


class MatchKey(StrEnum):
    CUSTOMER_NUMBER = "customer_number"
    NATIONAL_ID = "national_id"


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nobody in finance is this customer."""


@dataclass(frozen=True, slots=True)
class OneMatch:
    contact: FinanceContact


@dataclass(frozen=True, slots=True)
class Unclear:
    """Only a person can say who this customer is in finance."""

    reason: Reason
    codes: tuple[FinanceId, ...]


Match = NoMatch | OneMatch | Unclear


def match(
    customer: CrmCustomer,
    probe: CustomerProbe,
    candidates: Sequence[FinanceContact],
    owners: Mapping[FinanceId, CrmId],
    keys: Sequence[MatchKey],
) -> Match:
    """Find the customer among the candidates: the first key that recognises anyone decides.

    The exact values of a create whose answer was lost come last, and only among contacts that belong to
    nobody: they recognise what we have written ourselves.
    """
    for key in keys:
        hits = [contact for contact in candidates if _recognises(key, contact, probe)]
        if hits:
            return _verdict(customer, hits, owners)
    if probe.exact is not None:
        own = [c for c in candidates if is_exactly(c, probe.exact) and c.code not in owners]
        if own:
            return _verdict(customer, own, owners)
    return NoMatch()


def _recognises(key: MatchKey, contact: FinanceContact, probe: CustomerProbe) -> bool:
    if key is MatchKey.NATIONAL_ID:
        wanted = digits_key(probe.national_id)
        return bool(wanted) and digits_key(contact.fields.get("national_id", "")) == wanted
    return bool(probe.number) and _has_number(contact, probe)


def _has_number(contact: FinanceContact, probe: CustomerProbe) -> bool:
    """By its own foreign number; by its code only where that number does not say otherwise."""
    own = text_key(contact.number or "")
    return own == text_key(probe.number) if own else contact.code == probe.code


def is_exactly(contact: FinanceContact, values: Fields) -> bool:
    """A field that this build does not return cannot contradict; the name must be there."""
    return "name" in contact.fields and not differences(contact.fields, values)


def _verdict(
    customer: CrmCustomer, hits: Sequence[FinanceContact], owners: Mapping[FinanceId, CrmId]
) -> Match:
    alike = [contact for contact in hits if contact.kind is customer.kind]
    codes = tuple(contact.code for contact in hits)
    if not alike:
        return Unclear(Reason.KIND_MISMATCH, codes)
    if len(alike) > 1:
        return Unclear(Reason.AMBIGUOUS_MATCH, codes)
    if owners.get(alike[0].code, customer.id) != customer.id:
        return Unclear(Reason.MATCH_TAKEN, codes)
    return OneMatch(alike[0])
