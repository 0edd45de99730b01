"""Pages of the sync log: every filter, in both directions, against a filter that anybody can read."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import EntityType, Operation, Status, Trigger
from hamgam.trail import listing
from hamgam.trail.listing import Position, Wanted, position_of
from hamgam.trail.log import ATTENTION
from tests.web.conftest import insert_sync

START = datetime(2026, 3, 20, 20, 0, tzinfo=UTC)
REASONS = (None, Reason.CHECKSUM_MATCH, Reason.DUPLICATE_PHONE, Reason.MATCH_TAKEN)
IDS = ("a", "b", "234", "c-5")
_ROWS = 240
_EACH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _invented(chance: random.Random, number: int) -> dict[str, Any]:
    """Several rows share a moment, so that only their ids tell them apart."""
    return {
        "id": UUID(int=chance.getrandbits(128)),
        "status": chance.choice([s for s in Status if s not in (Status.PENDING, Status.IN_PROGRESS)]),
        "operation": chance.choice(list(Operation)),
        "triggerType": chance.choice(list(Trigger)[:3]),
        "entityType": chance.choice(list(EntityType)),
        "reason": chance.choice(REASONS),
        "sourceEntityId": chance.choice(IDS),
        "targetEntityId": chance.choice([None, *IDS]),
        "startedAt": START + timedelta(seconds=chance.randrange(_ROWS // 3)),
        "resolvedAt": chance.choice([None, START]),
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
        and (wanted.since is None or row["startedAt"] >= wanted.since)
        and (wanted.until is None or row["startedAt"] < wanted.until)
        and (wanted.entity is None or wanted.entity in (row["sourceEntityId"], row["targetEntityId"]))
    )


def _maybe(values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | st.sampled_from(list(values))


_MOMENTS = st.none() | st.integers(-5, _ROWS // 3 + 5).map(lambda n: START + timedelta(seconds=n))
_WANTED = st.builds(
    Wanted,
    statuses=st.frozensets(st.sampled_from(list(Status)), max_size=3),
    operation=_maybe(Operation),
    trigger=_maybe(Trigger),
    entity_type=_maybe(EntityType),
    reason=_maybe([*REASONS[1:], Reason.NOT_LICENSED]),
    attention=st.sampled_from([False, False, True]),
    since=_MOMENTS,
    until=_MOMENTS,
    entity=_maybe([*IDS, "nobody"]),
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
        page = await listing.page(db, wanted, limit, position_of(str(page.older)))
    assert [id_ for ids in forward for id_ in ids] == expected
    assert await listing.count(db, wanted, 30) == min(len(expected), 31)
    for ids in reversed(forward[:-1]):
        assert page.newer is not None
        page = await listing.page(db, wanted, limit, position_of(str(page.newer)))
        assert [row["id"] for row in page.rows] == ids
    assert page.newer is None or not expected


async def test_rows_that_came_since_are_counted(db: Database, rows: list[dict[str, Any]]) -> None:
    third = Position(rows[3]["startedAt"], rows[3]["id"], newer=True)
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


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.booleans())
def test_a_position_is_read_as_it_was_written(at: datetime, id_: UUID, newer: bool) -> None:
    assert position_of(str(Position(at, id_, newer))) == Position(at, id_, newer)


_GENUINE = str(Position(START, UUID(int=5)))


@given(
    st.text(max_size=40)
    | st.text("ABCxyz019-_", min_size=34, max_size=34)
    | st.tuples(st.integers(0, 33), st.characters()).map(
        lambda change: _GENUINE[: change[0]] + change[1] + _GENUINE[change[0] + 1 :]
    )
)
def test_a_forged_position_is_refused_or_is_one(written: str) -> None:
    try:
        position = position_of(written)
    except ValueError:
        return
    assert str(position) == written
