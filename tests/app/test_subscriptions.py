"""The registration at the start of the service outlives whatever it meets on its way."""

from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError

from hamgam.app.subscriptions import keep_registering
from hamgam.db.engine import Database
from hamgam.errors import Reason, TryLater
from hamgam.systems.ports import CrmConnector
from tests.bench import bench

WHERE = "https://hamgam.example.com/webhook/crm"


class AwayAtFirst:
    """A CRM that cannot be asked the first time."""

    def __init__(self, crm: Any, trouble: Exception) -> None:
        self._crm = crm
        self._trouble: Exception | None = trouble

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    async def subscriptions(self) -> Any:
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
        return await self._crm.subscriptions()


@pytest.mark.parametrize(
    "trouble", [TryLater(Reason.UNREACHABLE), OperationalError("", None, Exception("gone"))]
)
async def test_it_is_tried_again_until_it_is_done(db: Database, trouble: Exception) -> None:
    async with bench(db) as b:
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)

        crm = cast("CrmConnector", AwayAtFirst(b.site.crm, trouble))
        await keep_registering(replace(b.site, crm=crm, sleep=sleep), WHERE)
        assert [hook.url for hook in await b.site.crm.subscriptions() or ()] == [WHERE]
        assert slept == [60]
