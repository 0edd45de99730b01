"""Webhook deliveries as they arrived."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.engine import Database
from hamgam.db.tables import webhook_delivery as t
from hamgam.model import EntityKey


async def record(connection: AsyncConnection, key: EntityKey, payload: Mapping[str, Any]) -> None:
    await connection.execute(t.insert().values(entity=key.entity, crmId=key.crm_id, payload=dict(payload)))


async def purge(db: Database, before: datetime) -> None:
    """Delete deliveries that are older; what they led to stays in the sync log."""
    await db.execute(t.delete().where(t.c.receivedAt < before))
