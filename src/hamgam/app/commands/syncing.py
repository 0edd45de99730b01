"""`hamgam sync`: looks at entities by hand, in this process."""

import asyncio
import re
import sys
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hamgam.app.commands.output import (
    change_document,
    change_text,
    console,
    print_json,
    progress_console,
    remote_line,
    table,
)
from hamgam.app.commands.settling import uuid_of
from hamgam.app.filters import first_moment
from hamgam.app.wiring import open_database, open_site, utcnow
from hamgam.errors import NeedsOperator, Reason, SyncError, UsageError
from hamgam.intake.poll import Found, find
from hamgam.jobs.runner import plan_notice, run_notice
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, EntityType, Status, Stream, Trigger
from hamgam.persian import to_latin_digits
from hamgam.settings import Settings
from hamgam.sync.site import Outcome, Site
from hamgam.sync.suspicion import too_many
from hamgam.trail import mapping

_AGE = re.compile(r"(\d{1,6})([mhd])")
_AGE_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_FAILURES = (Status.FAILED, Status.CONFLICT, Status.IN_DOUBT)


async def run_customers(settings: Settings, ids: Sequence[str], *, dry_run: bool, as_json: bool) -> int:
    keys = [EntityKey(Entity.CUSTOMER, crm_id) for crm_id in _crm_ids(ids)]
    async with open_database(settings) as db, open_site(settings, db, read_only=dry_run) as site:
        return await run_notices(site, settings, _by_hand(keys), dry_run=dry_run, as_json=as_json)


async def run_documents(settings: Settings, ids: Sequence[str], *, dry_run: bool, as_json: bool) -> int:
    wanted = _crm_ids(ids)
    async with open_database(settings) as db, open_site(settings, db, read_only=dry_run) as site:
        keys = [await _document_key(site, crm_id) for crm_id in wanted]
        return await run_notices(site, settings, _by_hand(keys), dry_run=dry_run, as_json=as_json)


async def run_since(
    settings: Settings, *, since: str | None, everything: bool, dry_run: bool, force: bool, as_json: bool
) -> int:
    if (since is None) == (not everything):
        raise UsageError("sync: give --since WHEN or --all, or a command: customer ID, invoice ID")
    start = _BEGINNING if since is None else parse_when(since, utcnow())
    async with open_database(settings) as db, open_site(settings, db, read_only=dry_run) as site:
        found = await _changed_since(site, start)
        writes = sum(stream.writes for stream in found)
        if not (force or dry_run) and await too_many(db, writes, settings.max_change_percent):
            raise UsageError(
                f"MAX_CHANGE_PERCENT: {writes} mapped customers would be written, more than "
                f"{settings.max_change_percent} % of all; look at --dry-run, then use --force"
            )
        notices = [notice for stream in found for notice in stream.notices]
        return await run_notices(site, settings, notices, dry_run=dry_run, as_json=as_json)


async def _changed_since(site: Site, start: datetime) -> list[Found]:
    """What each stream holds; one that this CRM does not know is left out and said."""
    found = []
    for stream in Stream:
        try:
            found.append(await find(site, stream, start, Trigger.MANUAL))
        except NeedsOperator as error:
            if error.reason is not Reason.NOT_SUPPORTED:
                raise
            sys.stderr.write(f"sync: this CRM cannot be asked for changes of the kind {stream}; left out\n")
    return found


async def _outcomes(
    site: Site, notices: Sequence[ChangeNotice], at_once: int, *, dry_run: bool
) -> list[Outcome]:
    """Where one look cannot go on, no other begins, and those under way end: a write keeps its answer."""
    left, found = deque(enumerate(notices)), dict[int, Outcome]()

    async def look() -> None:
        while left:
            position, notice = left.popleft()
            try:
                looking = plan_notice(site, notice) if dry_run else run_notice(site, notice, wait=True)
                found[position] = await looking
            except Exception:
                left.clear()
                raise

    for failure in await asyncio.gather(*(look() for _ in range(at_once)), return_exceptions=True):
        if failure is not None:
            raise failure
    return [found[position] for position in range(len(notices))]


async def run_notices(
    site: Site, settings: Settings, notices: Sequence[ChangeNotice], *, dry_run: bool, as_json: bool
) -> int:
    """Look at all of them, `SYNC_CONCURRENCY` at a time, and print the outcomes in their order."""
    outcomes = await _outcomes(site, notices, settings.sync_concurrency, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "results": [_document(outcome) for outcome in outcomes]})
    else:
        _show(outcomes, dry_run=dry_run)
    for outcome in outcomes:
        if outcome.reason is Reason.NOT_IN_CRM:
            sys.stderr.write(f"sync: there is no {outcome.key.entity} {outcome.key.crm_id} in the CRM\n")
    lost = {(outcome.reason, outcome.system) for outcome in outcomes if outcome.reason and outcome.system}
    for reason, system in sorted(lost):
        sys.stderr.write(remote_line(reason, system) + "\n")
    if lost:
        return 3
    return 0 if dry_run or all(_went_well(outcome) for outcome in outcomes) else 1


def _went_well(outcome: Outcome) -> bool:
    missing = outcome.reason is Reason.NOT_IN_CRM
    return outcome.status not in _FAILURES and outcome.again_at is None and not missing


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "entityType": outcome.key.entity.entity_type,
        "crmId": outcome.key.crm_id,
        "financeId": outcome.finance_id,
        "operation": outcome.operation,
        "status": outcome.status,
        "reason": outcome.reason,
        "message": outcome.message or None,
        "changes": [change_document(change) for change in outcome.changes],
    }


def _show(outcomes: Sequence[Outcome], *, dry_run: bool) -> None:
    out = console()
    names = ("entity", "CRM id", "finance id", "operation", "status", "reason", "message")
    rows = (
        (o.key.entity, o.key.crm_id, o.finance_id, o.operation, o.status, o.reason, o.message)
        for o in outcomes
    )
    out.print(table(names, rows, title="Dry run: nothing was written" if dry_run else None))
    for outcome in outcomes if dry_run else ():
        for change in outcome.changes:
            out.print(f"{outcome.key.crm_id}  {change_text(change)}")
    if not outcomes:
        progress_console().print("nothing changed")


def _by_hand(keys: Sequence[EntityKey]) -> list[ChangeNotice]:
    return [ChangeNotice(key=key, trigger=Trigger.MANUAL) for key in keys]


async def _document_key(site: Site, crm_id: CrmId) -> EntityKey:
    """Whether this is an invoice or a quote: its mapping knows, else the CRM is asked.

    Whatever the CRM answers otherwise, the sync of that document meets it too and can tell of it.
    """
    known = await mapping.by_crm_id(site.db, EntityType.PREINVOICE, crm_id)
    if known is not None:
        return EntityKey(known.entity, crm_id)
    for entity in (Entity.INVOICE, Entity.QUOTE):
        try:
            if await site.crm.document(crm_id, entity) is not None:
                return EntityKey(entity, crm_id)
        except SyncError:
            return EntityKey(entity, crm_id)
    return EntityKey(Entity.INVOICE, crm_id)


def _crm_ids(ids: Sequence[str]) -> list[CrmId]:
    if not ids:
        raise UsageError("sync: give at least one CRM id")
    return [CrmId(str(uuid_of(each))) for each in dict.fromkeys(ids)]


def parse_when(text: str, now: datetime) -> datetime:
    """A date, a time, or an age before `now`; Gregorian or Jalali, in Tehran time unless it names a zone.

    Raises `UsageError` for anything else, and for a time in the future.
    """
    given = to_latin_digits(text).strip()
    try:
        when = _when(given, now)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since: {text} is no time; write 2026-11-24, 2026-11-24T10:30, 1405/09/03, 90m, 6h or 3d"
        ) from None
    if when > now:
        raise UsageError(f"--since: {text} is in the future")
    return when


def _when(given: str, now: datetime) -> datetime:
    age = _AGE.fullmatch(given)
    if age:
        return now - timedelta(**{_AGE_UNITS[age[2]]: int(age[1])})
    return first_moment(given)
