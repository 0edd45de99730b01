"""Contacts of finance beside the customer that one of them could be. Reads both systems, writes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hamgam.errors import Reason
from hamgam.model import CrmCustomer, CrmId, FinanceContact, FinanceId, System
from hamgam.sync.compare import Reading, read
from hamgam.sync.pairs import Pair, contact_pairs
from hamgam.sync.recognise import probe_of
from hamgam.sync.site import Site


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, field by field beside the customer; without `pairs` finance did not show it."""

    code: FinanceId
    gone: bool = False
    """Finance has none with this code; False where this build does not tell."""
    active: bool = True
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    contacts: Mapping[FinanceId, FinanceContact]
    others_gone: bool
    """Whether a code that is not among them is in finance no more."""


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
    found, trouble = finance.value or _Found({}, others_gone=False), finance.trouble
    contacts = found.contacts
    if crm.value is not None and trouble is None and len(contacts) < len(codes) and not found.others_gone:
        customer = crm.value
        more = await read(site, System.FINANCE, lambda: _all_alike(site, customer))
        contacts, trouble = {**(more.value or {}), **contacts}, more.trouble
    return Contacts(
        at=site.clock(),
        crm_trouble=crm.trouble,
        finance_trouble=trouble,
        contacts=tuple(
            _contact(site, crm.value, contacts[code])
            if code in contacts
            else Contact(code, gone=found.others_gone)
            for code in codes
        ),
    )


async def _customer(site: Site, customer_id: CrmId | None) -> Reading[CrmCustomer]:
    if customer_id is None:
        return Reading()
    return await read(site, System.CRM, lambda: site.crm.customer(customer_id, None))


async def _each(site: Site, codes: Sequence[FinanceId]) -> _Found:
    """One after the other: finance serves a handful of people."""
    found = [await site.finance.customer(code) for code in codes]
    others_gone = None in found and await site.finance.reads_one()
    return _Found({contact.code: contact for contact in found if contact is not None}, others_gone)


async def _all_alike(site: Site, customer: CrmCustomer) -> Mapping[FinanceId, FinanceContact]:
    """As the conflict was found, on builds that do not read a single contact."""
    found = await site.finance.candidates(probe_of(site, customer, None))
    return {contact.code: contact for contact in found}


def _contact(site: Site, customer: CrmCustomer | None, contact: FinanceContact) -> Contact:
    pairs = contact_pairs(customer, site.finance.storable(customer.fields) if customer else {}, contact)
    return Contact(contact.code, active=contact.active, pairs=pairs)
