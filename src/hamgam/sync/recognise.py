"""Who a CRM customer is in finance: by number, by national id, or by what an earlier attempt left there."""

from dataclasses import replace

from hamgam.errors import Reason, Refused
from hamgam.model import (
    CrmCustomer,
    CustomerProbe,
    Entity,
    EntityKey,
    FinanceContact,
    FinanceId,
    Operation,
)
from hamgam.persian import digits_key, text_key
from hamgam.sync.match import Match, MatchKey, NoMatch, OneMatch, match
from hamgam.sync.site import Site
from hamgam.trail import attention, imports, mapping
from hamgam.trail.log import Intent


async def recognise(site: Site, customer: CrmCustomer, lost: Intent | None) -> Match:
    """The contact that an unmapped customer is. `lost` is the write of an attempt whose answer was lost."""
    imported = await imports.being_created(site.db, customer.number)
    if imported is not None:
        return OneMatch(imported)
    begun = await _begun_link(site, customer, lost)
    if begun is not None:
        return OneMatch(begun)
    probe = probe_of(site, customer, lost)
    if not (probe.number or probe.national_id or probe.exact):
        return NoMatch()
    candidates = await site.finance.candidates(probe)
    if candidates:
        others = await attention.ruled_out(site.db, EntityKey(Entity.CUSTOMER, customer.id))
        candidates = [contact for contact in candidates if contact.code not in others]
    owners = await mapping.owners(site.db, [contact.code for contact in candidates])
    return match(customer, probe, candidates, owners, site.rules.match_keys)


def keys_of(site: Site, customer: CrmCustomer) -> list[str]:
    """What an unmapped customer is looked for by, and a contact that another creates would be found by."""
    probe = probe_of(site, customer, None)
    keys = {"number": text_key(probe.number), "national id": probe.national_id}
    return [f"{name}:{value}" for name, value in keys.items() if value]


async def by_code(site: Site, customer: CrmCustomer, code: FinanceId) -> FinanceContact | None:
    """One contact, read at all cost: finance may not know how to read a single one."""
    found = await site.finance.candidates(CustomerProbe(number=customer.number, code=code))
    return next((contact for contact in found if contact.code == code), None)


async def made_before(
    site: Site, customer: CrmCustomer, lost: Intent | None, refusal: Refused
) -> FinanceContact | None:
    """The contact of a create whose answer was lost, when finance refuses another with its telephone.

    It was not found by all that was sent: it was stored late, or somebody has edited it since. By its name
    and the telephone it is still the one.
    """
    if lost is None or lost.operation is not Operation.CREATE or refusal.reason is not Reason.DUPLICATE_PHONE:
        return None
    phones = {name: lost.fields.get(name, "") for name in ("mobile", "phone")}
    if not any(phones.values()):
        return None
    found = await recognise(site, customer, replace(lost, fields={"name": lost.fields["name"], **phones}))
    return found.contact if isinstance(found, OneMatch) else None


async def _begun_link(site: Site, customer: CrmCustomer, lost: Intent | None) -> FinanceContact | None:
    """The contact that an earlier attempt had found. What it holds now, the lost write has changed or not."""
    if lost is None or lost.finance_id is None or await mapping.owners(site.db, [lost.finance_id]):
        return None
    return await by_code(site, customer, lost.finance_id)


def probe_of(site: Site, customer: CrmCustomer, lost: Intent | None) -> CustomerProbe:
    """What this customer is looked for by in finance."""
    keys = site.rules.match_keys
    number = customer.number if MatchKey.CUSTOMER_NUMBER in keys else ""
    national_id = digits_key(customer.fields.get("national_id", ""))
    return CustomerProbe(
        number=number,
        code=site.rules.numbers.finance_code(number),
        national_id=national_id if MatchKey.NATIONAL_ID in keys else "",
        exact=lost.fields if lost and lost.operation is Operation.CREATE else None,
    )
