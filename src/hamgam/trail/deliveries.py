"""Webhook deliveries as they arrived."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hamgam.db.tables import webhook_delivery as t
from hamgam.model import EntityKey


async def record(connection: AsyncConnection, key: EntityKey, payload: Mapping[str, Any]) -> None:
    await connection.execute(t.insert().values(entity=key.entity, crmId=key.crm_id, payload=dict(payload)))
