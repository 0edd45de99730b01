"""`find` and the light list: conditions, order and pages.

A condition is joined to the ones before it by its own logicalOperator, left to right; the first one's is
idle. Text is compared without regard to case, as the CRM's database does. A condition on an empty value is
met only by "not equal" and "not in".
"""

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain, islice
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import msgspec

from hamgam.sandbox.crm import Crm
from hamgam.sandbox.crm_objects import AMOUNTS, DATES, FIELDS, IDENTITY_TYPES, Kind
from hamgam.sandbox.times import date_key, query_date
from hamgam.sandbox.wire import Answer, Object, Problem, convert, json_answer

Test = Callable[[Object], bool]
Key = Callable[[Any], Any]

_COMPARE: dict[int, Callable[[Any, Any], bool]] = {
    0: eq,
    1: gt,
    2: ge,
    4: lt,
    5: le,
    6: ne,
    11: lambda text, part: str(text).startswith(part),
    12: lambda text, part: part in str(text),
    13: lambda text, part: str(text).endswith(part),
}
_IN, _NOT_IN, _NOT_EQUAL = 3, 7, 6


class _Query(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    field: str | None = None
    operator: int = 0
    value: Any = None
    logical_operator: int = 0
    leaf_logical_operator: int | None = None
    leaf_negate: bool | None = None
    leafs: "list[_Query] | None" = None


class _Order(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    field: str
    order: int = 0


class _Find(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    page_number: int
    page_size: int
    type_key: str | None = None
    queries: list[_Query] | None = None
    orders: list[_Order] | None = None
    select_fields: list[str] | None = None


class _Search(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    page_number: int
    page_size: int
    search_term: str | None = None
    identity_type: int | None = None


def find(crm: Crm, kind: Kind, body: Any) -> Answer:
    """POST …/find: one page, counted from 1, and the total."""
    wanted = convert(body, _Find)
    if wanted.page_number < 1 or wanted.page_size < 1:
        raise Problem(400, "pageNumber از یک شروع می‌شود.")
    if kind in IDENTITY_TYPES and wanted.type_key not in (None, kind):
        raise Problem(400, "typeKey با مسیر سازگار نیست.")
    queries = wanted.queries if crm.mood.find_filters else None
    test = _all_of(queries or [], kind)
    rows = [obj for obj in crm.table(kind).values() if test(obj)]
    _sort(rows, wanted.orders or [], kind)
    page = _page(crm, rows, wanted.page_number - 1, wanted.page_size)
    return json_answer(
        {"data": [_selected(obj, wanted.select_fields, kind) for obj in page], "total": len(rows)}
    )


def search(crm: Crm, body: Any) -> Answer:
    """POST …/identity/search: the light list, a bare array, pages counted from 0."""
    wanted = convert(body, _Search)
    if wanted.page_number < 0 or wanted.page_size < 1:
        raise Problem(400, "pageNumber از صفر شروع می‌شود.")
    return json_answer(
        [
            {"identityId": obj["crmId"], "nickName": obj["nickName"], "customerNo": obj["customerNumber"]}
            for obj in _light_page(crm, wanted)
        ]
    )


def _light_page(crm: Crm, wanted: _Search) -> list[Object]:
    rows = _identities(crm, wanted.identity_type if crm.mood.light_list_kinds else None)
    if wanted.search_term:
        term = wanted.search_term.casefold()
        rows = (obj for obj in rows if _mentions(obj, term))
    page = _place(crm, wanted.page_number)
    if page < 0:
        return []
    if crm.mood.moving_pages:
        newest_first = sorted(rows, key=lambda obj: date_key(obj["modifyDate"]), reverse=True)
        return _page(crm, newest_first, page, wanted.page_size)
    size = _size(crm, wanted.page_size)
    return list(islice(rows, page * size, (page + 1) * size))


def _place(crm: Crm, asked: int) -> int:
    """Which page, counted from 0, this build gives for the number that was asked; -1 is an empty one."""
    match crm.mood.light_list:
        case "from_one":
            return asked - 1
        case "one_is_zero":
            return max(0, asked - 1)
        case "ignores_page":
            return 0
    return asked


def _identities(crm: Crm, identity_type: int | None) -> Iterator[Object]:
    if identity_type not in (None, 1, 2):
        raise Problem(400, "identityType معتبر نیست.")
    persons = crm.persons.values() if identity_type != 2 else ()
    organizations = crm.organizations.values() if identity_type != 1 else ()
    return chain(persons, organizations)


def _mentions(obj: Object, term: str) -> bool:
    texts = [obj.get(name) for name in ("nickName", "customerNumber", "nationalCode", "email")]
    texts += [phone.get("phoneNumber") for phone in obj["phoneContacts"]]
    return any(term in text.casefold() for text in texts if isinstance(text, str))


def _size(crm: Crm, wanted: int) -> int:
    return min(wanted, crm.mood.page_size_limit or wanted)


def _page(crm: Crm, rows: list[Object], index: int, wanted_size: int) -> list[Object]:
    size = _size(crm, wanted_size)
    start, stop = index * size, (index + 1) * size
    page = rows[start:stop]
    if crm.mood.moving_pages and stop < len(rows):
        _stir(crm, rows[:stop])
        _stir(crm, rows[: stop - 1 : -1])
    return page


def _stir(crm: Crm, rows: list[Object]) -> None:
    """Somebody saves the first of these that has not moved yet."""
    for obj in rows:
        if obj["crmId"] not in crm.moved:
            return crm.touch(obj["crmId"])
    return None


# Conditions


def _all_of(queries: list[_Query], kind: Kind) -> Test:
    test: Test = lambda obj: True  # noqa: E731
    for position, query in enumerate(queries):
        one = _test(query, kind)
        test = one if position == 0 else _joined(test, one, query.logical_operator)
    return test


def _joined(left: Test, right: Test, logical_operator: int | None) -> Test:
    if logical_operator in (0, None):
        return lambda obj: left(obj) and right(obj)
    if logical_operator == 1:
        return lambda obj: left(obj) or right(obj)
    raise Problem(400, "logicalOperator معتبر نیست.")


def _test(query: _Query, kind: Kind) -> Test:
    """The condition itself, its leafs, or both joined by leafLogicalOperator."""
    own = _condition(query, kind) if query.field else None
    leafs = _all_of(query.leafs, kind) if query.leafs else None
    if leafs is not None and query.leaf_negate:
        inner = leafs
        leafs = lambda obj: not inner(obj)  # noqa: E731
    if own is not None and leafs is not None:
        return _joined(own, leafs, query.leaf_logical_operator)
    test = own or leafs
    if test is None:
        raise Problem(400, "شرط خالی است.")
    return test


def _condition(query: _Query, kind: Kind) -> Test:
    name, operator = _property(query.field or "", kind), query.operator
    key = _key(name)
    if operator in (_IN, _NOT_IN):
        return _membership(name, key, query.value, operator == _NOT_IN)
    if operator not in _COMPARE:
        raise Problem(400, "operator معتبر نیست.")
    if query.value is None:
        return _emptiness(name, operator)
    compare, value = _COMPARE[operator], _value(name, query.value)

    def test(obj: Object) -> bool:
        own = obj.get(name)
        return operator == _NOT_EQUAL if own is None else compare(key(own), value)

    return test


def _membership(name: str, key: Key, value: Any, negated: bool) -> Test:
    """`in` and `not in` take an array or one text with commas."""
    items = [item.strip() for item in value.split(",")] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise Problem(400, "value باید فهرست باشد.")
    wanted = {_value(name, item) for item in items if item is not None}

    def test(obj: Object) -> bool:
        own = obj.get(name)
        return negated if own is None else (key(own) in wanted) != negated

    return test


def _emptiness(name: str, operator: int) -> Test:
    if operator not in (0, _NOT_EQUAL):
        raise Problem(400, "value الزامی است.")
    return lambda obj: (obj.get(name) is None) == (operator == 0)


def _property(field: str, kind: Kind) -> str:
    """The wire name of a PascalCase property. Raises Problem (400) for one that this kind has not."""
    name = field[:1].lower() + field[1:]
    if not field[:1].isupper() or name not in FIELDS[kind]:
        raise Problem(400, f"فیلد {field} ناشناخته است.")
    return name


def _key(name: str) -> Key:
    """How a stored value of this field is compared."""
    if name in DATES:
        return date_key
    if name in AMOUNTS:
        return lambda value: Decimal(str(value))
    return lambda value: str(value).casefold()


def _value(name: str, value: Any) -> Any:
    """What a client asks for, made comparable. Raises Problem (400) when it cannot be."""
    try:
        if name in DATES:
            return query_date(value)
        if name in AMOUNTS:
            return Decimal(str(value))
    except (TypeError, ValueError, AttributeError, InvalidOperation):
        raise Problem(400, f"مقدار {name} معتبر نیست.") from None
    return str(value).casefold()


# Order and selection


def _sort(rows: list[Object], orders: list[_Order], kind: Kind) -> None:
    """Sort by the first order, then the second and so on; equal rows stay in the order of creation."""
    for order in reversed(orders):
        if order.order not in (0, 1):
            raise Problem(400, "order معتبر نیست.")
        name = _property(order.field, kind)
        rows.sort(key=_sort_key(name), reverse=order.order == 1)


def _sort_key(name: str) -> Key:
    key = _key(name)

    def sort_key(obj: Object) -> tuple[bool, Any]:
        value = obj.get(name)
        return (False, "") if value is None else (True, key(value))

    return sort_key


def _selected(obj: Object, fields: list[str] | None, kind: Kind) -> Object:
    if not fields:
        return obj
    return {"crmId": obj["crmId"]} | {name: obj.get(name) for name in (_property(f, kind) for f in fields)}
