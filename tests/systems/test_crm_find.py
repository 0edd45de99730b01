"""Reading by key: nothing is missed while objects move, and a strange CRM does not hold us for ever."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamgam.errors import Reason, TryLater
from hamgam.model import CrmId, Stream
from hamgam.systems.payamgostar import find
from hamgam.systems.payamgostar.find import FoundPage, Seen, changed_since
from hamgam.systems.payamgostar.wire import spelled

ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def at(milliseconds: float) -> datetime:
    return ZERO + timedelta(milliseconds=milliseconds)


class Table:
    """What `find` reads. `meddle` is called after every page."""

    def __init__(self, times: list[int], *, limit: int | None = None, total: bool = True) -> None:
        self.rows = {CrmId(f"c{number}"): at(time) for number, time in enumerate(times)}
        self.limit = limit
        self.total = total
        self.pages = 0
        self.size = 3
        self.last = at(max(times, default=0))

    def meddle(self) -> None:
        pass

    def touch(self, crm_id: CrmId) -> None:
        self.last += timedelta(milliseconds=1)
        self.rows[crm_id] = self.last

    async def fetch(self, key: str, page: int) -> FoundPage:
        self.pages += 1
        assert self.pages < 500, "endless"
        size = min(self.size, self.limit or self.size)
        matching = sorted(
            (Seen(crm_id, time) for crm_id, time in self.rows.items() if spelled(time) >= key),
            key=lambda hit: hit.modified_at,
        )
        hits = matching[(page - 1) * size : page * size]
        self.meddle()
        return FoundPage(hits, len(matching) if self.total else None)


async def read(table: Table, since: datetime = ZERO) -> list[Seen]:
    return [hit async for hits in changed_since(table.fetch, since, table.size) for hit in hits]


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize(
    "times",
    [[], [1], [1, 2, 3], [1, 2, 3, 4], [5] * 3, [5] * 10, [1, 2, 5, 5, 5, 5, 5, 5, 5, 9], [5] * 7 + [6] * 7],
)
async def test_every_row_once_and_in_order(times: list[int], total: bool) -> None:
    table = Table(times, total=total)
    hits = await read(table)
    assert [hit.modified_at for hit in hits] == [at(time) for time in sorted(times)]
    assert len({hit.id for hit in hits}) == len(times)


async def test_a_poll_costs_what_changed() -> None:
    table = Table(list(range(1000)))
    table.size = 100
    assert len(await read(table, at(990))) == 10
    assert table.pages == 1


async def test_since_counts_itself() -> None:
    assert [hit.id for hit in await read(Table([1, 2, 3]), at(2))] == ["c1", "c2"]


async def test_pages_that_the_crm_cuts_short_are_followed_by_the_total() -> None:
    table = Table([*range(10), 20, 20, 20, 20], limit=2)
    assert len(await read(table)) == 14


@settings(max_examples=200, deadline=None)
@given(
    times=st.lists(st.integers(0, 6), max_size=25),
    seed=st.integers(0, 10**6),
    every=st.integers(1, 3),
    limit=st.sampled_from([None, 2]),
)
async def test_a_row_that_moves_while_pages_are_read_hides_no_other(
    times: list[int], seed: int, every: int, limit: int | None
) -> None:
    table, chance = Table(times, limit=limit), Random(seed)
    before = dict(table.rows)
    moved: set[CrmId] = set()

    def meddle() -> None:
        left = sorted(table.rows.keys() - moved)
        if left and table.pages % every == 0:
            moved.add(crm_id := chance.choice(left))
            table.touch(crm_id)

    table.meddle = meddle  # type: ignore[method-assign]
    hits = await read(table)
    assert len(set(hits)) == len(hits)
    found = {hit.id for hit in hits}
    # Who was moved after the last page was read is the next poll's; all others must be here.
    assert before.keys() - moved <= found


async def test_a_crm_that_ignores_condition_order_or_page_is_noticed() -> None:
    rows = [Seen(CrmId("a"), at(5)), Seen(CrmId("b"), at(4)), Seen(CrmId("c"), at(6))]

    async def unordered(key: str, page: int) -> FoundPage:
        return FoundPage(rows, None)

    async def unfiltered(key: str, page: int) -> FoundPage:
        return FoundPage([Seen(CrmId("a"), at(-5))], None)

    async def same_page(key: str, page: int) -> FoundPage:
        return FoundPage([Seen(CrmId(name), at(5)) for name in "abc"], None)

    for fetch in (unordered, unfiltered, same_page):
        with pytest.raises(TryLater) as caught:
            async for _ in changed_since(fetch, ZERO, 3):
                pass
        assert caught.value.reason is Reason.BROKEN_ANSWER


@pytest.mark.parametrize("times", [[5] * 10, list(range(10))], ids=["one moment", "one after the other"])
async def test_a_page_that_is_cut_short_without_a_total_is_not_taken_for_the_last(times: list[int]) -> None:
    table = Table(times, limit=2, total=False)
    assert len({hit.id for hit in await read(table)}) == 10


async def test_a_total_that_counts_everything_does_not_hold_us_for_ever() -> None:
    table = Table([1, 2, 3, 4])

    async def fetch(key: str, page: int) -> FoundPage:
        found = await table.fetch(key, page)
        return FoundPage(found.hits, 1_000_000)

    hits = [hit async for page in changed_since(fetch, ZERO, 3) for hit in page]
    assert [hit.id for hit in hits] == ["c0", "c1", "c2", "c3"]


def test_the_body_of_a_find_is_the_contracts() -> None:
    source = find.SOURCES[Stream.PERSON]
    assert find.since_body(source, "2025-12-21T14:10:20.033", 2, 100) == {
        "typeKey": "person",
        "queries": [
            {
                "logicalOperator": 0,
                "field": "ModifyDate",
                "operator": 2,
                "value": "2025-12-21T14:10:20.033",
                "leafLogicalOperator": None,
                "leafNegate": False,
                "leafs": None,
            }
        ],
        "orders": [{"field": "ModifyDate", "order": 0}],
        "selectFields": None,
        "pageNumber": 2,
        "pageSize": 100,
    }
    assert find.newest_body(source)["orders"] == [{"field": "ModifyDate", "order": 1}]
