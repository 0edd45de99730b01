"""Pages of the sync log: every filter, in both directions, against a filter that anybody can read."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ClauseElement, CursorResult, Executable, text
from sqlalchemy.ext.compiler import compiles

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import EntityType, Operation, Status, Trigger
from hamgam.trail import listing
from hamgam.trail.listing import Wanted
from hamgam.trail.log import ATTENTION
from hamgam.trail.place import Place, place_of
from tests.web.conftest import insert_sync

START = datetime(2026, 3, 20, 20, 0, tzinfo=UTC)
REASONS = (None, Reason.CHECKSUM_MATCH, Reason.DUPLICATE_PHONE, Reason.MATCH_TAKEN)
IDS = ("a", "b", "234", "c-5")
RUNS = (UUID(int=1), UUID(int=2))
_ROWS = 240
_EACH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _invented(chance: random.Random, number: int) -> dict[str, Any]:
    """Several rows share a moment, so that only their ids tell them apart."""
    trigger = chance.choice([Trigger.WEBHOOK, Trigger.POLL, Trigger.IMPORT])
    return {
        "id": UUID(int=chance.getrandbits(128)),
        "status": chance.choice([s for s in Status if s not in (Status.PENDING, Status.IN_PROGRESS)]),
        "operation": chance.choice(list(Operation)),
        "triggerType": trigger,
        "triggerPayload": {"run": str(chance.choice(RUNS))} if trigger is Trigger.IMPORT else None,
        "entityType": chance.choice(list(EntityType)),
        "reason": chance.choice(REASONS),
        "sourceEntityId": chance.choice(IDS),
        "targetEntityId": chance.choice([None, *IDS]),
        "startedAt": START + timedelta(seconds=chance.randrange(_ROWS // 3)),
        "resolvedAt": chance.choice([None, START]),
        "attempts": chance.choice([None, [{}]]) if trigger is not Trigger.IMPORT else None,
        "errorMessage": str(number),
    }


@pytest.fixture
def rows(database_url: str) -> list[dict[str, Any]]:
    chance = random.Random(7)
    invented = [_invented(chance, number) for number in range(_ROWS)]
    with psycopg.connect(database_url) as connection:
        for row in invented:
            insert_sync(connection, row)
    return sorted(invented, key=lambda row: (row["startedAt"], row["id"]), reverse=True)


def _is_wanted(row: dict[str, Any], wanted: Wanted) -> bool:
    asks = row["status"] in ATTENTION and row["resolvedAt"] is None
    return (
        (not wanted.statuses or row["status"] in wanted.statuses)
        and wanted.operation in (None, row["operation"])
        and wanted.trigger in (None, row["triggerType"])
        and wanted.entity_type in (None, row["entityType"])
        and wanted.reason in (None, row["reason"])
        and (asks or not wanted.attention)
        and (row["attempts"] is not None or not wanted.retried)
        and (wanted.since is None or row["startedAt"] >= wanted.since)
        and (wanted.until is None or row["startedAt"] < wanted.until)
        and (wanted.entity is None or wanted.entity in (row["sourceEntityId"], row["targetEntityId"]))
        and (wanted.records is None or ("customer", row["sourceEntityId"]) in wanted.records)
        and (wanted.run is None or row["triggerPayload"] == {"run": str(wanted.run)})
    )


def _maybe(values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | st.sampled_from(list(values))


_MOMENTS = st.none() | st.integers(-5, _ROWS // 3 + 5).map(lambda n: START + timedelta(seconds=n))
_RECORDS = [("customer", id_) for id_ in [*IDS, "nobody"]] + [("invoice", IDS[0])]
_WANTED = st.builds(
    Wanted,
    statuses=st.frozensets(st.sampled_from(list(Status)), max_size=3),
    operation=_maybe(Operation),
    trigger=_maybe(Trigger),
    entity_type=_maybe(EntityType),
    reason=_maybe([*REASONS[1:], Reason.NOT_LICENSED]),
    attention=st.sampled_from([False, False, True]),
    retried=st.sampled_from([False, False, True]),
    since=_MOMENTS,
    until=_MOMENTS,
    entity=_maybe([*IDS, "nobody"]),
    run=_maybe([*RUNS, UUID(int=3)]),
    records=st.none() | st.frozensets(st.sampled_from(_RECORDS), max_size=3),
)


@given(wanted=_WANTED, limit=st.integers(1, 60))
@_EACH
async def test_pages_are_what_a_plain_filter_finds(
    db: Database, rows: list[dict[str, Any]], wanted: Wanted, limit: int
) -> None:
    expected = [row["id"] for row in rows if _is_wanted(row, wanted)]
    forward: list[list[UUID]] = []
    page = await listing.page(db, wanted, limit)
    while True:
        assert (page.newer is None) is (len(forward) == 0)
        forward.append([row["id"] for row in page.rows])
        if page.older is None:
            break
        page = await listing.page(db, wanted, limit, place_of(str(page.older)))
    assert [id_ for ids in forward for id_ in ids] == expected
    assert await listing.count(db, wanted, 30) == min(len(expected), 31)
    for ids in reversed(forward[:-1]):
        assert page.newer is not None
        page = await listing.page(db, wanted, limit, place_of(str(page.newer)))
        assert [row["id"] for row in page.rows] == ids
    assert page.newer is None or not expected


async def test_rows_that_came_since_are_counted(db: Database, rows: list[dict[str, Any]]) -> None:
    third = Place(rows[3]["startedAt"], rows[3]["id"], newer=True)
    assert await listing.count(db, Wanted(), 100, third) == 3
    assert await listing.count(db, Wanted(), 2, third) == 3
    assert await listing.count(db, Wanted(operation="LINK"), 100, third) == sum(
        row["operation"] == "LINK" for row in rows[:3]
    )


async def test_one_row_is_found_by_its_id_alone(db: Database, rows: list[dict[str, Any]]) -> None:
    found = await listing.one(db, rows[5]["id"])
    assert found is not None
    assert found["errorMessage"] == rows[5]["errorMessage"]
    assert "facet" not in found
    assert await listing.one(db, UUID(int=1)) is None


@pytest.mark.parametrize("typed", ["  A ", "a", "۲۳۴", "٢٣٤"])
async def test_ids_are_found_however_they_are_typed(
    db: Database, rows: list[dict[str, Any]], typed: str
) -> None:
    stored = "a" if "a" in typed.lower() else "234"
    expected = sum(_is_wanted(row, Wanted(entity=stored)) for row in rows)
    assert await listing.count(db, Wanted(entity=typed), _ROWS) == expected > 0


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: Any, **arguments: Any) -> str:
    return f"EXPLAIN {compiler.process(element.statement, **arguments)}"


class _Explaining:
    """A database that keeps how it would run what it is asked."""

    def __init__(self, db: Database) -> None:
        self._db, self.plans = db, ""

    async def execute(self, statement: Any, parameters: Any = None) -> CursorResult[Any]:
        plan = (await self._db.execute(_Explain(statement), parameters)).scalars()
        self.plans += "\n".join(plan)
        return await self._db.execute(statement, parameters)


_LONG = """
INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation, status,
  "triggerType", "sourceEntityId", "startedAt")
SELECT gen_random_uuid(), 'CUSTOMER', 'customer', 'CRM_TO_FINANCE', 'UPDATE',
  CASE WHEN n < 20 THEN 'CONFLICT' ELSE 'SUCCESS' END, 'POLL', n::text, now() + n * interval '1 second'
FROM generate_series(1, 20000) AS n
"""


@pytest.mark.parametrize("wanted", [
    Wanted(statuses=frozenset({"CONFLICT", "FAILED"}), trigger="POLL"),
    Wanted(statuses=frozenset({"SUCCESS"})),
    Wanted(operation="UPDATE", since=START),
    Wanted(since=START),
    Wanted(),
])  # fmt: skip
async def test_a_long_log_is_never_read_through(db: Database, wanted: Wanted) -> None:
    await db.execute(text(_LONG))
    await db.execute(text("ANALYZE"))
    explaining = _Explaining(db)
    page = await listing.page(cast("Database", explaining), wanted, 50)
    assert page.rows
    await listing.count(cast("Database", explaining), wanted, 1000)
    await listing.page(cast("Database", explaining), wanted, 50, page.older)
    assert 'Seq Scan on "SyncLog"' not in explaining.plans
    assert ("ix_SyncLog_facet" in explaining.plans) is not wanted.any_facet
    assert ("ix_SyncLog_startedAt" in explaining.plans) is wanted.any_facet


@pytest.mark.parametrize("statuses", [frozenset(), frozenset({"SUCCESS", "FAILED"})])
async def test_of_some_records_only_their_own_rows_are_read(db: Database, statuses: frozenset[str]) -> None:
    await db.execute(text(_LONG))
    await db.execute(text("ANALYZE"))
    explaining = _Explaining(db)
    wanted = Wanted(records=frozenset(("customer", str(n)) for n in range(100, 600)), statuses=statuses)
    page = await listing.page(cast("Database", explaining), wanted, 50)
    assert [row["crmId"] for row in page.rows] == [str(n) for n in range(599, 549, -1)]
    assert await listing.count(cast("Database", explaining), wanted, 1000) == 500
    assert 'Seq Scan on "SyncLog"' not in explaining.plans
    assert explaining.plans.count("ix_SyncLog_sourceEntityId") == 2
