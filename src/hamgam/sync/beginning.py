"""Where polling begins: before anything else is read, so that no change falls between."""

from datetime import UTC, datetime

from hamgam.model import Stream
from hamgam.sync.site import Site
from hamgam.trail import cursor

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


async def remember_where_polling_starts(site: Site) -> None:
    """Set the cursor of each stream that has none to the newest change there is now.

    What changes in the CRM while the import runs is then seen by the first poll.
    """
    known = await cursor.load(site.db)
    for stream in Stream:
        if stream not in known:
            newest = await site.crm.newest_change(stream)
            async with site.db.transaction() as connection:
                await cursor.begin(connection, stream, newest or _BEGINNING)
