"""What the newest plan of an import would do with each contact, so that a person can look before it starts.

An import that writes tells of each contact in the log. A plan is kept here until the next one begins.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from hamgam.db.engine import Database
from hamgam.db.rows import as_parameter, insert_given
from hamgam.db.tables import import_run, planned_contact

t = planned_contact.c


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedContact:
    position: int
    """In the order in which finance lists its contacts, from 1."""
    code: str
    name: str
    kind: str
    outcome: str
    """created, linked, skipped or failed: what would become of it."""
    reason: str | None
    customer: str | None
    """The CRM id of the customer that it is linked to, would be, or is in conflict with."""


_COLUMNS = tuple(PlannedContact.__dataclass_fields__)


async def begin(db: Database) -> None:
    """Forget every plan; the caller holds the lock of the import."""
    await db.execute(delete(planned_contact))


async def add(db: Database, run_id: UUID, contacts: Sequence[PlannedContact]) -> None:
    statement = insert_given(planned_contact, ("runId", *_COLUMNS), runId=run_id)
    await db.execute(statement, as_parameter([asdict(contact) for contact in contacts]))


async def listed_run(db: Database) -> UUID | None:
    """The plan whose contacts are kept."""
    found = await db.execute(select(t.runId).limit(1))
    return found.scalar_one_or_none()


async def contacts(
    db: Database, run_id: UUID, *, outcome: str, reason: str, after: int, limit: int
) -> list[PlannedContact]:
    """Contacts after a position, in finance's order; "" stands for any outcome and for any reason."""
    wanted = [t.runId == run_id, t.position > after]
    wanted += [t.outcome == outcome] if outcome else []
    wanted += [t.reason == reason] if reason else []
    rows = await db.execute(
        select(*(t[name] for name in _COLUMNS)).where(*wanted).order_by(t.position).limit(limit)
    )
    return [PlannedContact(**row._mapping) for row in rows]


async def purge(db: Database, before: datetime) -> None:
    """Forget a plan that is older than the data of the log may be."""
    old = select(import_run.c.id).where(import_run.c.startedAt < before)
    await db.execute(delete(planned_contact).where(t.runId.in_(old)))
