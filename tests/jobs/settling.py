"""What tests of a person's decisions have in common: rows that ask for one, and what is done with it."""

from typing import Any
from uuid import UUID

import pytest

from hamgam.errors import Reason, UsageError
from hamgam.jobs.queue import notice_of
from hamgam.jobs.runner import run_notice
from hamgam.jobs.settling import Settled, settle
from hamgam.model import CrmId, Entity, FinanceId, Status
from hamgam.sandbox import Fault, FaultKind
from hamgam.sync.site import Outcome
from tests.bench import Bench

CONTACT = "SaveFormData:2BFDA"
DOCUMENT = "SaveFormData:43D81"
LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 10, "productUnitTypeName": "عدد"}


async def lost_invoice(b: Bench, **customer: Any) -> CrmId:
    """An invoice whose pre-invoice was made, and the answer lost."""
    crm_id = CrmId(b.box.crm.add_document("invoice", b.person(**customer), [LINE], subject="نخست"))
    b.box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation=DOCUMENT))
    assert (await b.sync(crm_id, entity=Entity.INVOICE)).status is Status.IN_DOUBT
    return crm_id


async def asking(b: Bench) -> Any:
    """The one row that asks for a person."""
    [row] = await b.rows(
        """SELECT * FROM "SyncLog" WHERE "resolvedAt" IS NULL"""
        """ AND status IN ('FAILED', 'CONFLICT', 'IN_DOUBT')"""
    )
    return row


async def settled(b: Bench, log_id: UUID, code: object = None, by: str = "مریم") -> Settled:
    finance_id = None if code is None else FinanceId(str(code))
    return await settle(b.db, log_id, finance_id, by=by, now=b.clock())


async def refused(b: Bench, log_id: UUID, code: object = None) -> str:
    """What is said instead; nothing has changed."""
    before = await everything(b)
    with pytest.raises(UsageError) as caught:
        await settled(b, log_id, code)
    assert await everything(b) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def everything(b: Bench) -> list[Any]:
    tables = ("SyncLog", "EntityMapping", "procrastinate_jobs")
    return [await b.rows(f'SELECT * FROM "{table}" ORDER BY id') for table in tables]


async def work(b: Bench) -> Outcome:
    """Do the one waiting job, as a worker would."""
    [job] = await b.jobs()
    await b.rows("DELETE FROM procrastinate_jobs WHERE id = :id RETURNING 1", id=job.id)
    assert job.scheduled_at is None
    return await run_notice(b.site, notice_of(job.args))


async def only_mapping(b: Bench, entity_type: str) -> Any:
    [row] = await b.rows('SELECT * FROM "EntityMapping" WHERE "entityType" = :type', type=entity_type)
    return row


async def note(b: Bench, log_id: UUID, intent: str | None) -> None:
    await b.rows(
        'UPDATE "SyncLog" SET intent = CAST(:intent AS jsonb) WHERE id = :id RETURNING 1',
        intent=intent,
        id=log_id,
    )


async def ambiguous(b: Bench, **customer: Any) -> tuple[CrmId, list[int]]:
    codes = [b.box.finance.add_contact(Name=f"سارا {n}", NationalCode="0012345679") for n in (1, 2)]
    crm_id = b.person(nationalCode="0012345679", **customer)
    assert (await b.sync(crm_id)).reason is Reason.AMBIGUOUS_MATCH
    return crm_id, codes
