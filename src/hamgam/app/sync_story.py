"""One sync with all that is known around it, as the page shows it and the API answers it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hamgam.app.context import WebContext
from hamgam.app.masking import as_seen_by
from hamgam.app.telling import Told, tell
from hamgam.model import Trigger
from hamgam.people.roles import Person
from hamgam.trail import deliveries, listing
from hamgam.trail.listing import Wanted
from hamgam.trail.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStory:
    told: Told
    name: str
    """Of the record, or its number; empty where neither is known."""
    received: datetime | None
    """When the delivery came that the sync began with."""
    earlier: UUID | None
    later: UUID | None
    """The syncs of the same record before and after this one."""


async def sync_story(context: WebContext, person: Person, log_id: UUID) -> SyncStory | None:
    row = await listing.one(context.db, log_id)
    if row is None:
        return None
    earlier, later = await _neighbours(context, row)
    known = as_seen_by(person, await listing.known_as(context.db, log_id))
    return SyncStory(
        told=tell(row, as_seen_by(person, row), context.clock(), context.settings.log_retention_days),
        name=known["name"] or known["number"] or "",
        received=await _received(context, row),
        earlier=earlier,
        later=later,
    )


async def _received(context: WebContext, row: Mapping[str, Any]) -> datetime | None:
    if row["triggerType"] != Trigger.WEBHOOK:
        return None
    return await deliveries.received(context.db, row["sourceEntity"], row["sourceEntityId"], row["startedAt"])


async def _neighbours(context: WebContext, row: Mapping[str, Any]) -> tuple[UUID | None, UUID | None]:
    wanted = Wanted(entity=row["sourceEntityId"], entity_type=row["entityType"])
    here = listing.place_at(row)
    earlier = await listing.page(context.db, wanted, 1, here)
    later = await listing.page(context.db, wanted, 1, Place(here.at, here.id, newer=True))
    return _first(earlier), _first(later)


def _first(found: listing.Page) -> UUID | None:
    return found.rows[0]["id"] if found.rows else None
