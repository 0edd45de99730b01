"""Many rows by one parameter: every value comes back as it was given."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from hamgam.db.engine import Database
from hamgam.db.rows import as_parameter, given_rows, insert_given
from hamgam.db.tables import sync_log
from hamgam.model import Direction, EntityType, Kind, Operation, Status, Trigger


def row(**more: Any) -> dict[str, Any]:
    return {
        "transactionId": uuid4(),
        "entityType": EntityType.CUSTOMER,
        "sourceEntity": "contact",
        "sourceEntityId": "7",
        "kind": None,
        "direction": Direction.FINANCE_TO_CRM,
        "operation": Operation.NONE,
        "status": Status.SKIPPED,
        "triggerType": Trigger.IMPORT,
        "startedAt": datetime(2026, 3, 20, 20, 29, 59, 123456, tzinfo=UTC),
        "durationMs": 5,
        "intent": None,
    } | more


@pytest.mark.parametrize("count", [1, 2, 300])
async def test_rows_come_back_as_they_were_given(db: Database, count: int) -> None:
    odd = {"kind": Kind.PERSON, "intent": {"نام": 'a "quoted", {name}', "none": None, "list": [1, "۲"]}}
    rows = [row(sourceEntityId=str(n), **(odd if n % 2 else {})) for n in range(count)]
    names = tuple(rows[0])
    await db.execute(insert_given(sync_log, names), as_parameter(rows))
    stored = await db.execute(select(*(sync_log.c[name] for name in names)))
    found = {each.sourceEntityId: dict(each._mapping) for each in stored}
    assert found == {each["sourceEntityId"]: each for each in rows}


async def test_an_absent_value_is_null_in_sql_too(db: Database) -> None:
    await db.execute(insert_given(sync_log, tuple(row())), as_parameter([row()]))
    stored = await db.execute(
        select(sync_log.c.id).where(sync_log.c.intent.is_(None), sync_log.c.kind.is_(None))
    )
    assert len(stored.all()) == 1


async def test_what_is_fixed_is_the_same_in_each_row(db: Database) -> None:
    rows = [row(sourceEntityId="1"), row(sourceEntityId="2", status=Status.FAILED)]
    statement = insert_given(sync_log, tuple(rows[0]), status=Status.IN_PROGRESS)
    await db.execute(statement, as_parameter(rows))
    assert set((await db.execute(select(sync_log.c.status))).scalars()) == {Status.IN_PROGRESS}


async def test_no_rows_are_no_rows(db: Database) -> None:
    given = given_rows(sync_log, ("sourceEntityId",))
    assert (await db.execute(select(given.c.sourceEntityId), as_parameter([]))).all() == []
