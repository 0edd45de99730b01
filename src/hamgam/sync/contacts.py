"""Contacts of finance beside the customer that one of them could be. Reads both systems, writes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hamgam.errors import Reason
from hamgam.model import CrmCustomer, CrmId, FinanceContact, FinanceId, System
from hamgam.sync.compare import Reading, read
from hamgam.sync.pairs import KIND, NUMBER, Pair, contact_pairs
from hamgam.sync.recognise import probe_of
from hamgam.sync.site import Site

TOLD_APART_BY = (KIND, "name", NUMBER, "national_id", "mobile", "phone")


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, field by field beside the customer; without `pairs` finance did not show it."""

    code: FinanceId
    active: bool = True
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    at: datetime
    crm_trouble: Reason | None
    """Why the CRM could not be asked; the contacts are shown all the same."""
    finance_trouble: Reason | None
    contacts: tuple[Contact, ...]


async def beside(site: Site, customer_id: CrmId | None, codes: Sequence[FinanceId]) -> Contacts:
    """What a remote system does wrong is told in the result."""
    crm, finance = await asyncio.gather(
        _customer(site, customer_id), read(site, System.FINANCE, lambda: _each(site, codes))
    )
    found, trouble = finance.value or {}, finance.trouble
    if crm.value is not None and trouble is None and len(found) < len(codes):
        customer = crm.value
        more = await read(site, System.FINANCE, lambda: _all_alike(site, customer))
        found, trouble = {**(more.value or {}), **found}, more.trouble
    return Contacts(
        at=site.clock(),
        crm_trouble=crm.trouble,
        finance_trouble=trouble,
        contacts=tuple(_contact(site, code, crm.value, found.get(code)) for code in codes),
    )


async def _customer(site: Site, customer_id: CrmId | None) -> Reading[CrmCustomer]:
    if customer_id is None:
        return Reading()
    return await read(site, System.CRM, lambda: site.crm.customer(customer_id, None))


async def _each(site: Site, codes: Sequence[FinanceId]) -> Mapping[FinanceId, FinanceContact]:
    """One after the other: finance serves a handful of people."""
    found = [await site.finance.customer(code) for code in codes]
    return {contact.code: contact for contact in found if contact is not None}


async def _all_alike(site: Site, customer: CrmCustomer) -> Mapping[FinanceId, FinanceContact]:
    """As the conflict was found, on builds that do not read a single contact."""
    found = await site.finance.candidates(probe_of(site, customer, None))
    return {contact.code: contact for contact in found}


def _contact(
    site: Site, code: FinanceId, customer: CrmCustomer | None, contact: FinanceContact | None
) -> Contact:
    if contact is None:
        return Contact(code)
    pairs = contact_pairs(customer, site.finance.storable(customer.fields) if customer else {}, contact)
    return Contact(code, contact.active, tuple(pair for pair in pairs if pair.name in TOLD_APART_BY))
