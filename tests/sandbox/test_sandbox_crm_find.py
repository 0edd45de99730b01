from dataclasses import replace
from decimal import Decimal

import pytest


def q(field=None, operator=0, value=None, **more):
    return {"field": field, "operator": operator, "value": value} | more


@pytest.fixture
def people(box):
    """Four persons, a millisecond apart from 14:10:20.033."""
    rows = [("Ali Rezaei", "100-1"), ("علی نوری", "100-2"), ("sara", "200-1"), ("بی‌شماره", None)]
    return [box.crm.add_customer("person", nickName=name, customerNumber=number) for name, number in rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (q("CustomerNumber", 0, "100-2"), [1]),
        (q("NickName", 0, "ali rezaei"), [0]),
        (q("CustomerNumber", 0, None), [3]),
        (q("CustomerNumber", 1, "100-1"), [1, 2]),
        (q("CustomerNumber", 2, "100-2"), [1, 2]),
        (q("CustomerNumber", 3, ["100-1", "200-1"]), [0, 2]),
        (q("CustomerNumber", 3, "100-1, 200-1"), [0, 2]),
        (q("CustomerNumber", 4, "100-2"), [0]),
        (q("CustomerNumber", 5, "100-2"), [0, 1]),
        (q("CustomerNumber", 6, "100-2"), [0, 2, 3]),
        (q("CustomerNumber", 6, None), [0, 1, 2]),
        (q("CustomerNumber", 7, ["100-1", "100-2"]), [2, 3]),
        (q("CustomerNumber", 11, "100-"), [0, 1]),
        (q("NickName", 12, "نور"), [1]),
        (q("CustomerNumber", 13, "-1"), [0, 2]),
        (q("ModifyDate", 2, "2025-12-21T14:10:20.035"), [2, 3]),
        (q("ModifyDate", 1, "2025-12-21T14:10:20.0350000"), [3]),
        (q("ModifyDate", 4, "2025-12-21T14:10:20.034"), [0]),
        (q("ModifyDate", 0, "2025-12-21T14:10:20.036"), [3]),
        (q("ModifyDate", 2, "2025-12-21"), [0, 1, 2, 3]),
        (q("ModifyDate", 2, "2025-12-21T14:10:21"), []),
    ],
)
async def test_operators(crm, people, query, expected):
    found = await crm.find(query)
    assert [people.index(row["crmId"]) for row in found["data"]] == expected
    assert found["total"] == len(expected)


@pytest.mark.parametrize(
    ("queries", "expected"),
    [
        ([q("CustomerNumber", 11, "100"), q("NickName", 12, "علی")], [1]),
        ([q("CustomerNumber", 0, "200-1"), q("CustomerNumber", 0, "100-1", logicalOperator=1)], [0, 2]),
        (
            [
                q(
                    leafs=[
                        q("CustomerNumber", 0, "200-1"),
                        q("CustomerNumber", 0, "100-1", logicalOperator=1),
                    ]
                ),
                q("NickName", 11, "S", logicalOperator=0),
            ],
            [2],
        ),
        (
            [q("CustomerNumber", 11, "100", leafLogicalOperator=1, leafs=[q("NickName", 0, "SARA")])],
            [0, 1, 2],
        ),
        ([q("CustomerNumber", 11, "100", leafNegate=True, leafs=[q("NickName", 12, "علی")])], [0]),
    ],
)
async def test_conditions_are_joined(crm, people, queries, expected):
    found = await crm.find(*queries)
    assert [people.index(row["crmId"]) for row in found["data"]] == expected


async def test_order_and_pages_count_from_one(crm, people):
    newest = [{"field": "ModifyDate", "order": 1}]
    first = await crm.find(orders=newest, pageSize=3, typeKey="person")
    second = await crm.find(orders=newest, pageSize=3, pageNumber=2)
    assert [row["crmId"] for row in first["data"] + second["data"]] == people[::-1]
    assert first["total"] == second["total"] == 4
    assert (await crm.find(pageNumber=3, pageSize=3))["data"] == []
    by_number = await crm.find(
        orders=[{"field": "CustomerNumber", "order": 0}, {"field": "NickName", "order": 0}]
    )
    assert [people.index(row["crmId"]) for row in by_number["data"]] == [3, 0, 1, 2]


async def test_select_fields_and_amounts(crm, box, people):
    box.crm.add_document("invoice", people[0], [{"count": 1, "baseUnitPrice": Decimal("10.50")}])
    box.crm.add_document("invoice", people[0], [{"count": 1, "baseUnitPrice": 9}])
    found = await crm.find(
        q("FinalValue", 1, Decimal("9.9")),
        name="invoice/sales",
        selectFields=["FinalValue"],
        orders=[{"field": "FinalValue", "order": 0}],
    )
    assert [set(row) for row in found["data"]] == [{"crmId", "finalValue"}]
    assert found["data"][0]["finalValue"] == Decimal("10.5")


@pytest.mark.parametrize(
    "body",
    [
        {"pageNumber": 0},
        {"pageSize": 0},
        {"pageNumber": None},
        {"typeKey": "organization"},
        {"PageNumber": 1},
        {"queries": [q("modifyDate", 0, "2025-12-21")]},
        {"queries": [q("Nonsense", 0, "x")]},
        {"queries": [q("ModifyDate", 8, "2025-12-21")]},
        {"queries": [q("ModifyDate", 2, "2025-12-21T10:00:00Z")]},
        {"queries": [q("ModifyDate", 2, "2025-12-21T10:00:00.033+03:30")]},
        {"queries": [q("ModifyDate", 2, "yesterday")]},
        {"queries": [q("ModifyDate", 2, None)]},
        {"queries": [q("ModifyDate", 3, 5)]},
        {"queries": [q()]},
        {"queries": [q("NickName"), q("NickName", logicalOperator=2)]},
        {"orders": [{"field": "ModifyDate", "order": 2}]},
        {"orders": [{"field": "ModifyDate", "order": 0, "more": 1}]},
    ],
)
async def test_find_bodies_that_are_refused(crm, body):
    sent = {"queries": [], "orders": [], "pageNumber": 1, "pageSize": 5} | body
    assert (await crm.verb("person/find", sent))[0] == 400


async def light(crm, **body):
    status, rows = await crm.verb(
        "identity/search", {"pageNumber": 0, "pageSize": 10, "searchTerm": ""} | body
    )
    assert status == 200
    return rows


async def test_the_light_list_is_a_bare_array_from_page_zero(crm, box, people):
    organization = box.crm.add_customer("organization", nickName="شرکت", customerNumber="7")
    rows = await light(crm)
    assert rows[0] == {"identityId": people[0], "nickName": "Ali Rezaei", "customerNo": "100-1"}
    assert [row["identityId"] for row in rows] == [*people, organization]
    assert await light(crm, pageSize=2, pageNumber=2) == rows[4:]
    assert await light(crm, identityType=2) == rows[4:]
    assert await light(crm, identityType=1) == rows[:4]
    assert await light(crm, searchTerm="200-") == rows[2:3]
    box.crm.set_phone(people[3], "Mobile", "09127654321")
    assert await light(crm, searchTerm="765432") == rows[3:4]
    assert (await crm.verb("identity/search", {"pageNumber": -1, "pageSize": 1}))[0] == 400
    assert (await crm.verb("identity/search", {"pageNumber": 0, "pageSize": 1, "identityType": 3}))[0] == 400


async def test_a_silent_page_limit(crm, box, people):
    box.crm.mood = replace(box.crm.mood, page_size_limit=3)
    assert len(await light(crm)) == 3
    assert len(await light(crm, pageNumber=1)) == 1
    found = await crm.find(pageSize=50)
    assert (len(found["data"]), found["total"]) == (3, 4)


async def read_by_page_number(crm, size):
    seen, number = [], 1
    order = [{"field": "ModifyDate", "order": 0}]
    while page := (await crm.find(orders=order, pageNumber=number, pageSize=size))["data"]:
        seen += [row["crmId"] for row in page]
        number += 1
    return seen


async def test_moving_pages_make_a_reader_by_page_number_miss_rows(crm, box):
    ids = [box.crm.add_customer(nickName=str(number)) for number in range(12)]
    assert await read_by_page_number(crm, 4) == ids
    box.crm.mood = replace(box.crm.mood, moving_pages=True)
    seen = await read_by_page_number(crm, 4)
    assert set(ids) - set(seen), "a reader that trusts page numbers must be caught"


async def test_moving_pages_end_for_a_reader_by_key(crm, box):
    ids = {box.crm.add_customer(nickName=str(number)) for number in range(10)}
    box.crm.mood = replace(box.crm.mood, moving_pages=True)
    seen, since = set(), "2000-01-01T00:00:00"
    order = [{"field": "ModifyDate", "order": 0}]
    for _ in range(100):
        page = (await crm.find(q("ModifyDate", 2, since), orders=order, pageSize=2))["data"]
        seen |= {row["crmId"] for row in page}
        if len(page) < 2:
            break
        since = page[-1]["modifyDate"]
    assert seen == ids


async def test_moving_pages_repeat_and_hide_rows_of_the_light_list(crm, box):
    ids = {box.crm.add_customer(nickName=str(number)) for number in range(9)}
    box.crm.mood = replace(box.crm.mood, moving_pages=True)
    seen = [
        row["identityId"] for number in range(3) for row in await light(crm, pageSize=3, pageNumber=number)
    ]
    assert len(seen) > len(set(seen)), "some row comes twice"
    assert ids - set(seen), "some row does not come"
