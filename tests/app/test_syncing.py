"""Syncs by hand: what becomes of the others where one cannot go on."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from hamgam.app.commands.syncing import run_notices
from hamgam.db.engine import Database
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.settings import load_settings
from hamgam.systems.ports import CrmConnector
from tests.bench import bench

SLOW, LOST = CrmId("slow"), CrmId("lost")


class OneSlowOneLost:
    """A CRM that answers one read never, and in another one the database goes away."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), False

    async def customer(self, crm_id: CrmId, kind: object) -> None:
        if crm_id == LOST:
            await self.asked.wait()
            raise OperationalError("", None, Exception("gone"))
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            self.left = True


async def test_nobody_is_left_speaking_to_a_system_that_is_let_go(db: Database, tmp_path: Path) -> None:
    async with bench(db) as b:
        crm = OneSlowOneLost()
        site = b.with_crm(cast("CrmConnector", crm)).site
        notices = [
            ChangeNotice(key=EntityKey(Entity.CUSTOMER, id_), trigger=Trigger.MANUAL) for id_ in (SLOW, LOST)
        ]
        options: dict[str, Any] = {"dry_run": False, "as_json": True}
        with pytest.raises(ExceptionGroup) as failed:
            await run_notices(site, load_settings({}, tmp_path), notices, **options)
        assert failed.group_contains(OperationalError)
        assert crm.left
