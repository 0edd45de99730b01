"""Which rows of the sync log a person asks for, where a search is among the filters."""

from dataclasses import dataclass

from hamgam.app.filters import SyncQuery
from hamgam.app.records import matching
from hamgam.db.engine import Database
from hamgam.people.roles import Person
from hamgam.trail.listing import Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    wanted: Wanted | None
    """None where too many records match: the syncs of some of them would pass for those of all."""
    whole_only: bool = False
    """Whether, of too many records, those are wanted that the search names whole."""


async def asked_for(db: Database, person: Person, query: SyncQuery) -> Asked:
    if query.q is None or not query.q.strip():
        return Asked(query.wanted())
    found = await matching(db, person, query.q)
    if found.more and not found.keys:
        return Asked(None)
    return Asked(query.wanted(found.keys), whole_only=found.more)
