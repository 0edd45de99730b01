"""What this CRM build supports, found out by reading only."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from hamgam.model import CrmCustomer, CrmId, Kind, ProbeReport, Stream, Subscription
from hamgam.systems.findings import LOGIN, Findings
from hamgam.systems.http import Reply
from hamgam.systems.payamgostar import find, wire
from hamgam.systems.session import SessionKeeper


class Reader(Protocol):
    """The part of the connector that the probe needs: reads."""

    async def light_page(self, page: int) -> Reply: ...
    async def find_page(self, source: find.Source, body: dict[str, object]) -> Reply: ...
    async def customer(self, crm_id: CrmId, kind: Kind | None) -> CrmCustomer | None: ...
    async def subscriptions(self) -> list[Subscription] | None: ...


async def probe(crm: Reader, keeper: SessionKeeper, clock: Callable[[], datetime]) -> ProbeReport:
    findings = Findings()
    if await findings.step(LOGIN, keeper.current):
        await findings.step("light_list", lambda: _light_list(crm, findings, clock))
        await findings.step("find", lambda: _find(crm, findings))
        await findings.step("webhook_list", lambda: _webhooks(crm, findings))
    return findings.report()


async def _light_list(crm: Reader, findings: Findings, clock: Callable[[], datetime]) -> None:
    reply = await crm.light_page(0)
    _clock_difference(reply, findings, clock())
    first = reply.decode(wire.light_rows)
    second = (await crm.light_page(1)).decode(wire.light_rows)
    findings.add("page_base", page_base(first, second), "The number of the light list's first page.")
    findings.add("page_size", len(first), "Rows on page 0; fewer than 500 may be the CRM's limit.")
    numbers = [wire.text(row.customer_no).strip() for row in first]
    meaning = "How customer numbers look: prefix, smallest number, and the offset that it suggests."
    findings.add("number_pattern", number_pattern(numbers), meaning)


def _clock_difference(reply: Reply, findings: Findings, now: datetime) -> None:
    try:
        findings.clock_difference(parsedate_to_datetime(reply.headers.get("Date", "")), now)
    except (ValueError, TypeError):
        findings.add("clock_difference_seconds", "unknown", "The CRM's answers carry no date.")


def page_base(first: Sequence[wire.LightRow], second: Sequence[wire.LightRow]) -> str:
    """What pages 0 and 1 say about where the light list begins."""
    if first and first == second:
        return "0 and 1 are the same page"
    if first:
        return "0"
    return "1" if second else "unknown"


def number_pattern(numbers: Sequence[str]) -> str:
    """Prefix and offset that fit all sample numbers, as a hint for the settings; "mixed" where none does."""
    found = [match for match in (re.fullmatch(r"(.*\D)?([0-9]{1,18})", n) for n in numbers if n) if match]
    if not found or len(found) < len([number for number in numbers if number]):
        return "mixed" if any(numbers) else "unknown"
    prefixes = {match[1] or "" for match in found}
    if len(prefixes) > 1:
        return "mixed"
    smallest = min(int(match[2]) for match in found)
    offset = 10 ** (len(str(smallest)) - 1) if smallest >= 1000 else 0
    return f"prefix={prefixes.pop()} smallest={smallest} offset={offset}"


async def _find(crm: Reader, findings: Findings) -> None:
    source = find.SOURCES[Stream.PERSON]
    reply = await crm.find_page(source, find.newest_body(source))
    hits = reply.decode(wire.page).data or []
    findings.add("find", "yes", "Polling works: objects can be read by time of modification.")
    if not hits:
        return
    fraction = re.search(r"\.([0-9]+)", hits[0].modify_date)
    digits = len(fraction[1]) if fraction else 0
    findings.add("date_fractions", digits, "Digits of a second in the CRM's dates.")
    await findings.step("get", lambda: _get(crm, findings, wire.crm_id(hits[0].crm_id)))


async def _get(crm: Reader, findings: Findings, crm_id: CrmId) -> None:
    customer = await crm.customer(crm_id, Kind.PERSON)
    returned = customer is not None and customer.reference is not None
    findings.add("ref_id", "yes" if returned else "no", "Whether the CRM returns the field for external ids.")


async def _webhooks(crm: Reader, findings: Findings) -> None:
    known = await crm.subscriptions()
    findings.add("webhook_api", "no" if known is None else "yes", "Whether webhooks can be registered here.")
