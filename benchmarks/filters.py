"""The list of syncs by every filter, alone and with each other, at its newest page and far back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from urllib.parse import urlencode
from uuid import UUID

from hamgam.trail.place import Place

Times = tuple[float, float]
"""p50 and p95, in milliseconds."""
Asking = Callable[[str], Awaitable[Times]]
_Filter = tuple[tuple[str, str], ...]

RUN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
"""The import that has written some of the rows."""
_NOW = datetime.now(UTC)
_PERIOD: _Filter = (
    ("from", (_NOW - timedelta(days=60)).isoformat()),
    ("to", (_NOW - timedelta(days=2)).isoformat()),
)
_ALONE: tuple[_Filter, ...] = (
    (("status", "SKIPPED"),),
    (("operation", "LINK"),),
    (("trigger", "MANUAL"),),
    (("type", "PREINVOICE"),),
    (("reason", "MATCH_TAKEN"),),
    (("attention", "true"),),
    (("retried", "true"),),
    (("entity", "234"),),
    _PERIOD,
    (("run", RUN),),
)
_SEVERAL: _Filter = (("status", "FAILED"), ("status", "SKIPPED"), ("status", "CONFLICT"))
_ALL = tuple(item for one in _ALONE for item in one)
FAR_BACK = str(Place(_NOW - timedelta(days=50), UUID(int=0)))


@dataclass(frozen=True, slots=True)
class Group:
    """Combinations of one kind, and the slowest of them."""

    what: str
    filters: tuple[_Filter, ...]


GROUPS = (
    Group("each filter alone", _ALONE),
    Group("each pair of filters", tuple(one + other for one, other in combinations(_ALONE, 2))),
    Group("several outcomes", (_SEVERAL, *(_SEVERAL + one for one in _ALONE[1:]))),
    Group("all filters together", (_ALL,)),
)


async def slowest(group: Group, ask: Asking, *, far_back: bool) -> Times:
    """By its p95."""
    cursor = (("cursor", FAR_BACK),) if far_back else ()
    asked = [f"/syncs?{urlencode((('lang', 'fa'), *filters, *cursor))}" for filters in group.filters]
    return max([await ask(path) for path in asked], key=lambda times: times[1])
