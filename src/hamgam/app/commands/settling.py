"""`hamgam retry` and `hamgam settle`: what a person says about rows of the sync log."""

import getpass
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hamgam.app.commands.output import console, print_json
from hamgam.app.wiring import open_database, utcnow
from hamgam.db.engine import Database
from hamgam.errors import UsageError
from hamgam.jobs.declining import why_not_retried
from hamgam.jobs.runner import retry
from hamgam.jobs.settling import Settled, finance_id_of, settle
from hamgam.settings import Settings
from hamgam.trail import attention
from hamgam.trail.attention import Asked


async def run(settings: Settings, log_id: str, *, exists: str | None, absent: bool, as_json: bool) -> int:
    if (exists is not None) == absent:
        raise UsageError("settle: give either --exists FINANCE_ID or --absent")
    wanted = uuid_of(log_id)
    finance_id = None if exists is None else finance_id_of(exists)
    async with open_database(settings) as db:
        done = await settle(db, wanted, finance_id, by=who(), now=utcnow())
    if as_json:
        print_json(_document(done))
    else:
        what = f"is {done.finance_id} in finance" if done.finance_id else "is not in finance"
        console().print(f"{done.log_id}  {done.key} {what}; it is queued for the next look")
    return 0


def _document(done: Settled) -> dict[str, Any]:
    return {
        "id": done.log_id,
        "entityType": done.key.entity.entity_type,
        "crmId": done.key.crm_id,
        "financeId": done.finance_id,
        "resolvedBy": done.by,
        "resolvedAt": done.at,
    }


def who() -> str:
    """The user of the operating system; a service or a container may have none."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = ""
    return name.encode(errors="replace").decode() or "unknown"


async def run_retry(settings: Settings, log_ids: Sequence[str], *, all_failed: bool) -> int:
    """Exit status 1 when a row cannot be retried. Where one does not exist nothing is done at all."""
    if bool(log_ids) == all_failed:
        raise UsageError("retry: give the ids of log rows, or --all-failed")
    wanted = [uuid_of(log_id) for log_id in dict.fromkeys(log_ids)]
    async with open_database(settings) as db:
        if unknown := [str(log_id) for log_id in wanted if await attention.find(db, log_id) is None]:
            raise UsageError(f"retry: no row of the sync log has the id {', '.join(unknown)}")
        return await _retry(db, wanted or await attention.retriable(db))


async def _retry(db: Database, wanted: Sequence[UUID]) -> int:
    refused = 0
    for log_id in wanted:
        key = await retry(db, log_id, asked=Asked(who(), utcnow()))
        refused += key is None
        console().print(f"{log_id}  {key or await _why_not(db, log_id)}")
    return 1 if refused else 0


async def _why_not(db: Database, log_id: UUID) -> str:
    row = await attention.find(db, log_id)
    return f"cannot be retried: it {why_not_retried(row)}" if row else "is gone"


def uuid_of(text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is no id; ids look like 3f2b0c6e-0000-4000-8000-000000000000"
        ) from None
