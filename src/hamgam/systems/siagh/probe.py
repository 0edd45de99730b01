"""What this finance build supports, found out by reading only."""

from datetime import datetime
from functools import partial, reduce
from typing import Protocol

from hamgam.model import FinanceContact, ProbeReport
from hamgam.persian import parse_jalali
from hamgam.systems.findings import LOGIN, Findings
from hamgam.systems.ports import RemoteSession
from hamgam.systems.session import SessionKeeper
from hamgam.systems.siagh import wire
from hamgam.systems.siagh.match import Filter, questions

SAMPLE = 50


class Reader(Protocol):
    """The part of the connector that the probe needs: reads."""

    @property
    def returns_number(self) -> bool | None: ...
    async def sample(self, size: int) -> list[FinanceContact]: ...
    async def honours(self, wanted: Filter) -> bool: ...


async def probe(finance: Reader, keeper: SessionKeeper) -> ProbeReport:
    findings = Findings()
    if await findings.step(LOGIN, lambda: _session(keeper, findings)):
        await findings.step("first_rows", lambda: _rows(finance, findings))
    return findings.report()


async def _session(keeper: SessionKeeper, findings: Findings) -> None:
    session = await keeper.current()
    fiscal_year = session.attributes.get(wire.FISCAL_YEAR) or "unknown"
    findings.add("fiscal_year", fiscal_year, "The fiscal year into which documents are written.")
    _clock_difference(session, findings)


def _clock_difference(session: RemoteSession, findings: Findings) -> None:
    """As of the login: a stored session may be hours old. Finance tells the time to the minute only."""
    said = session.attributes
    try:
        theirs = parse_jalali(said.get("SystemDate", ""), said.get("SystemTime", ""))
        ours = datetime.fromisoformat(said.get(wire.LOGGED_IN_AT, ""))
        findings.clock_difference(theirs, ours, told_to=60)
    except ValueError:
        findings.add("clock_difference_seconds", "unknown", "The login does not tell the time.")


async def _rows(finance: Reader, findings: Findings) -> None:
    contacts = await finance.sample(SAMPLE)
    returned = {None: "unknown", True: "yes", False: "no"}[finance.returns_number]
    findings.add("tmpid", returned, "Whether contacts carry the CRM's customer number.")
    asked = reduce(lambda known, each: questions(each) | known, contacts, dict[str, object]())
    for key, value in asked.items():
        await findings.step(f"filter_{key}", partial(_filter, finance, findings, (key, value)))


async def _filter(finance: Reader, findings: Findings, wanted: Filter) -> None:
    honoured = "yes" if await finance.honours(wanted) else "no"
    findings.add(f"filters_{wanted[0]}", honoured, f"Whether the list can be asked by {wanted[0]}.")
