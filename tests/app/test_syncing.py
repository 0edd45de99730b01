"""Syncs by hand: what becomes of the others where one cannot go on."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hamgam.app.commands.syncing import run_notices
from hamgam.db.engine import Database
from hamgam.model import ChangeNotice, CrmId, Entity, EntityKey, Trigger
from hamgam.settings import load_settings
from hamgam.systems.ports import CrmConnector
from tests.bench import bench

SLOW, LOST, NEXT = CrmId("slow"), CrmId("lost"), CrmId("next")


class OneSlowOneLost:
    """A CRM in one of whose reads the database goes away, while another waits for its answer."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.waits, self.lost = asyncio.Event(), asyncio.Event()
        self.asked: list[CrmId] = []
        self.answered: list[CrmId] = []

    async def customer(self, crm_id: CrmId, kind: object) -> None:
        self.asked.append(crm_id)
        if crm_id == LOST:
            await self.waits.wait()
            self.lost.set()
            raise OperationalError("", None, Exception("gone"))
        self.waits.set()
        await self.lost.wait()
        for _ in range(20):  # long enough for the failure to reach whoever would break this off
            await self.db.execute(text("SELECT 1"))
        self.answered.append(crm_id)


async def test_a_look_that_is_under_way_ends_and_no_other_begins(db: Database, tmp_path: Path) -> None:
    async with bench(db) as b:
        crm = OneSlowOneLost(db)
        site = b.with_crm(cast("CrmConnector", crm)).site
        notices = [
            ChangeNotice(key=EntityKey(Entity.CUSTOMER, id_), trigger=Trigger.MANUAL)
            for id_ in (SLOW, LOST, NEXT)
        ]
        options: dict[str, Any] = {"dry_run": False, "as_json": True}
        with pytest.raises(OperationalError):
            await run_notices(site, load_settings({"SYNC_CONCURRENCY": "2"}, tmp_path), notices, **options)
        assert sorted(crm.asked) == [LOST, SLOW]
        assert crm.answered == [SLOW]
