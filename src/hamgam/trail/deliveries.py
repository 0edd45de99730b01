"""Webhook deliveries as they arrived."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import webhook_delivery as t
from hamgam.model import ChangeNotice


async def record(connection: AsyncConnection, notices: Sequence[ChangeNotice]) -> None:
    rows = [{"entity": n.key.entity, "crmId": n.key.crm_id, "payload": dict(n.payload)} for n in notices]
    await connection.execute(t.insert(), rows)


async def received(db: Database, entity: str, crm_id: str, before: datetime) -> datetime | None:
    """When the last delivery for this entity arrived that a sync can have begun with."""
    found = await db.execute(
        select(func.max(t.c.receivedAt)).where(
            t.c.crmId == crm_id, t.c.entity == entity, t.c.receivedAt <= before
        )
    )
    at: datetime | None = found.scalar_one()
    return at


async def purge(db: Database, before: datetime) -> None:
    """Delete deliveries that are older; what they led to stays in the sync log."""
    await db.execute(t.delete().where(t.c.receivedAt < before))
