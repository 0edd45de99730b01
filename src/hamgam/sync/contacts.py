"""Contacts of finance beside the customer that one of them could be. Reads both systems, writes nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hamgam.errors import Reason
from hamgam.model import CrmCustomer, CrmId, FinanceContact, FinanceId, System
from hamgam.sync.compare import Reading, read, would_show
from hamgam.sync.pairs import KIND, NUMBER, Pair, contact_pairs
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
    gone: frozenset[FinanceId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    at: datetime
    crm_trouble: Reason | None
    """Why the CRM could not be asked; the contacts are shown all the same."""
    customer: Mapping[str, str] | None
    """As the CRM has it, by the names of `Pair`."""
    customer_gone: bool
    """The CRM was asked and has none with this id."""
    finance_trouble: Reason | None
    contacts: tuple[Contact, ...]


async def beside(site: Site, customer_id: CrmId | None, codes: Sequence[FinanceId]) -> Contacts:
    """What a remote system does wrong is told in the result."""
    crm, finance = await asyncio.gather(
        _customer(site, customer_id), read(site, System.FINANCE, lambda: _each(site, codes))
    )
    found, trouble = finance.value or _Found({}), finance.trouble
    contacts, customer = found.contacts, crm.value
    if customer is not None and trouble is None and not contacts.keys() | found.gone >= set(codes):
        more = await read(site, System.FINANCE, lambda: _all_alike(site, customer))
        contacts, trouble = {**(more.value or {}), **contacts}, more.trouble
    return Contacts(
        at=site.clock(),
        crm_trouble=crm.trouble,
        customer=_values(customer) if customer else None,
        customer_gone=customer_id is not None and customer is None and crm.trouble is None,
        finance_trouble=trouble,
        contacts=tuple(
            _contact(site, customer, contacts[code])
            if code in contacts
            else Contact(code, gone=code in found.gone)
            for code in codes
        ),
    )


async def _customer(site: Site, customer_id: CrmId | None) -> Reading[CrmCustomer]:
    if customer_id is None:
        return Reading()
    return await read(site, System.CRM, lambda: site.crm.customer(customer_id, None))


async def _each(site: Site, codes: Sequence[FinanceId]) -> _Found:
    """One after the other: finance serves a handful of people."""
    found = {code: await site.finance.customer(code) for code in codes}
    missing = [code for code, contact in found.items() if contact is None]
    gone = [code for code in missing if await would_show(site.finance, code)]
    return _Found({code: each for code, each in found.items() if each is not None}, frozenset(gone))


async def _all_alike(site: Site, customer: CrmCustomer) -> Mapping[FinanceId, FinanceContact]:
    """As the conflict was found, on builds that do not read a single contact."""
    found = await site.finance.candidates(probe_of(site, customer, None))
    return {contact.code: contact for contact in found}


def _values(customer: CrmCustomer) -> dict[str, str]:
    return {KIND: customer.kind, NUMBER: customer.number, **customer.fields}


def _contact(site: Site, customer: CrmCustomer | None, contact: FinanceContact) -> Contact:
    pairs = contact_pairs(customer, site.finance.storable(customer.fields) if customer else {}, contact)
    return Contact(contact.code, active=contact.active, pairs=pairs)
