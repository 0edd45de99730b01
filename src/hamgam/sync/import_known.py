"""What an import has to know before it plans: who is in the CRM, mapped, or on the way there."""

from hamgam.persian import text_key
from hamgam.sync.import_plan import Known
from hamgam.sync.site import Site
from hamgam.trail import attention, imports, mapping

_MOST_READS = 4


async def known_now(site: Site) -> Known:
    """What is known after finance was read.

    Syncs that go on meanwhile are asked for before the mappings: whatever they have created until then is in
    one of the two.
    """
    creates = await attention.unfinished_creates(site.db)
    unfinished = await imports.unfinished(site.db)
    mapped = {finance_id: crm_id async for finance_id, crm_id in mapping.pairs(site.db)}
    known = Known(
        mapped=mapped,
        numbers={},
        taken=set(mapped.values()),
        unfinished=unfinished,
        creates=creates,
        made={
            text_key(site.rules.numbers.crm_number(code)): code
            for code in unfinished.keys() | await imports.created(site.db)
        },
    )
    await _read_numbers(site, known)
    return known


async def _read_numbers(site: Site, known: Known) -> None:
    """Read the CRM's light list until a whole reading brings nothing new: its pages are no snapshot."""
    for _ in range(_MOST_READS):
        before = len(known.numbers)
        async for row in site.crm.customer_numbers():
            number = text_key(row.number)
            if known.numbers.setdefault(number, row.id) != row.id:
                known.shared.add(number)
            if known.kinds.setdefault(row.id, row.kind) is not row.kind:
                known.kinds[row.id] = None
        if len(known.numbers) == before:
            break
