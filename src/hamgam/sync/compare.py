"""One record as both systems hold it now, field by field. Reads each of them once, and writes nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from hamgam.errors import Reason, SyncError
from hamgam.model import (
    CrmCustomer,
    Entity,
    EntityKey,
    EntityMapping,
    EntityType,
    Fields,
    FinanceContact,
    FinanceId,
    SalesDocument,
    System,
)
from hamgam.sync.checksum import contact_checksum, customer_checksum, document_checksum
from hamgam.sync.fields import restricted
from hamgam.sync.pairs import LinePair, Pair, customer_pairs, document_pairs, line_pairs
from hamgam.sync.site import Site
from hamgam.systems.ports import FinanceConnector
from hamgam.trail import mapping
from hamgam.trail.timeline import last_written

PATIENCE_SECONDS = 25.0
"""A person waits for this: it has to end, also where a system is slow or many wait for their turn."""

T = TypeVar("T")

Verdict = Literal["same", "differs", "as_written", "unlike_written"]
"""Of two systems that were read, and of the CRM and what Hamgam last wrote to finance."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What one system said: why it could not be asked, else what it has; neither where it has nothing."""

    value: T | None = None
    trouble: Reason | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What finance has of a contact."""

    contact: FinanceContact | None
    gone: bool
    """Finance has said that there is no such contact; without it and a contact it does not tell of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    at: datetime
    crm_trouble: Reason | None
    finance_trouble: Reason | None
    in_crm: bool
    in_finance: bool
    """False where the record is not linked, is gone there, or cannot be read one by one."""
    gone: bool = False
    """It is linked, and finance has it no more."""
    written_at: datetime | None = None
    """The finance side is what Hamgam wrote then: finance offers no way to read it."""
    crm_changed: bool | None = None
    """Since the last sync; None: not known."""
    finance_changed: bool | None = None
    pairs: tuple[Pair, ...] = ()
    lines: tuple[LinePair, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """Whether both sides tell the same wherever both of them tell something; None: not both are known."""
        said = [pair.equal for pair in self.pairs if pair.equal is not None]
        if not self.in_crm or not said:
            return None
        same = all(said) and not any(line.differs for line in self.lines)
        if self.in_finance:
            return "same" if same else "differs"
        return "as_written" if same else "unlike_written"


async def compare(site: Site, key: EntityKey) -> Comparison:
    """What a remote system does wrong is told in the result; only the database's failures are raised."""
    known = await mapping.by_crm_id(site.db, key.entity.entity_type, key.crm_id)
    if key.entity is Entity.CUSTOMER:
        return await _customer(site, key, known)
    return await _document(site, key, known)


async def _customer(site: Site, key: EntityKey, known: EntityMapping | None) -> Comparison:
    kind = known.kind if known else None
    crm, finance = await asyncio.gather(
        read(site, System.CRM, lambda: site.crm.customer(key.crm_id, kind)),
        _contact(site, known),
    )
    held = finance.value or Held(None, gone=False)
    written, at = None, None
    if known is not None and finance.trouble is None and held.contact is None and not held.gone:
        written, at = await last_written(site.db, key)
    theirs = held.contact.fields if held.contact else _fields(written)
    return Comparison(
        at=site.clock(),
        crm_trouble=crm.trouble,
        finance_trouble=finance.trouble,
        in_crm=crm.value is not None,
        in_finance=held.contact is not None,
        gone=held.gone,
        written_at=at,
        crm_changed=_crm_changed(crm.value, known),
        finance_changed=_finance_changed(held.contact, crm.value, known),
        pairs=customer_pairs(crm.value, _storable(site, crm.value), held.contact, theirs),
    )


async def _contact(site: Site, known: EntityMapping | None) -> Reading[Held]:
    if known is None:
        return Reading()
    return await read(site, System.FINANCE, lambda: _held(site.finance, known.finance_id))


async def _held(finance: FinanceConnector, code: FinanceId) -> Held:
    contact = await finance.customer(code)
    return Held(contact, gone=contact is None and await would_show(finance, code))


async def would_show(finance: FinanceConnector, code: FinanceId) -> bool:
    """Whether finance shows a contact by this code if it has it: it can be asked for decimal codes only."""
    return code.isdecimal() and await finance.reads_one()


def _storable(site: Site, customer: CrmCustomer | None) -> Fields:
    return site.finance.storable(customer.fields) if customer else {}


async def read(site: Site, system: System, reading: Callable[[], Awaitable[T | None]]) -> Reading[T]:
    """Ask one system once; one that is known to be down is left alone."""
    breaker = site.breakers.get(system)
    if breaker is not None and breaker.is_down:
        return Reading(trouble=Reason.UNREACHABLE)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return Reading(await reading())
    except TimeoutError:
        return Reading(trouble=Reason.TIMEOUT)
    except SyncError as error:
        return Reading(trouble=error.reason)


def _crm_changed(customer: CrmCustomer | None, known: EntityMapping | None) -> bool | None:
    if customer is None or known is None or known.crm_checksum is None:
        return None
    return customer_checksum(customer.number, customer.fields) != known.crm_checksum


def _finance_changed(
    contact: FinanceContact | None, customer: CrmCustomer | None, known: EntityMapping | None
) -> bool | None:
    if contact is None or customer is None or known is None or known.finance_checksum is None:
        return None
    return contact_checksum(restricted(contact.fields, customer.fields)) != known.finance_checksum


async def _document(site: Site, key: EntityKey, known: EntityMapping | None) -> Comparison:
    crm = await read(site, System.CRM, lambda: site.crm.document(key.crm_id, key.entity))
    written, at = await last_written(site.db, key) if known else (None, None)
    document = crm.value
    customer = await _customer_of(site, document)
    return Comparison(
        at=site.clock(),
        crm_trouble=crm.trouble,
        finance_trouble=None,
        in_crm=document is not None,
        in_finance=False,
        written_at=at,
        crm_changed=_document_changed(document, customer, known),
        pairs=document_pairs(document, customer.finance_id if customer else None, written),
        lines=line_pairs(document.lines if document else (), written),
    )


async def _customer_of(site: Site, document: SalesDocument | None) -> EntityMapping | None:
    if document is None or document.customer_id is None:
        return None
    return await mapping.by_crm_id(site.db, EntityType.CUSTOMER, document.customer_id)


def _document_changed(
    document: SalesDocument | None, customer: EntityMapping | None, known: EntityMapping | None
) -> bool | None:
    if document is None or customer is None or known is None or known.crm_checksum is None:
        return None
    return document_checksum(document, customer.finance_id) != known.crm_checksum


def _fields(written: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: value for name, value in (written or {}).items() if isinstance(value, str)}
