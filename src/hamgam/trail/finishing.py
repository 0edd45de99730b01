"""The end of a sync that has written: mapping, checksums, log and name in one statement, so in one commit."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, bindparam, exists, select
from sqlalchemy.dialects.postgresql import insert

from hamgam.db.engine import Database
from hamgam.db.tables import entity_mapping, sync_log
from hamgam.model import Status
from hamgam.trail import log, mapping, names
from hamgam.trail.log import Attempt, Ending, TakenOver
from hamgam.trail.mapping import Binding


async def finish(db: Database, attempt: Attempt, binding: Binding, ending: Ending, now: datetime) -> UUID:
    """Bind, end the attempt's row as a success, and settle what earlier rows of the entity asked for.

    All of it happens or nothing; answers the mapping's id. Raises `TakenOver` when the row is no longer this
    attempt's. A CRM id never moves to another finance id here: that raises `IntegrityError` on the database's
    own unique keys, or `LookupError`.
    """
    assert ending.status is Status.SUCCESS
    ended = {f"log_{name}": value for name, value in log.ended(attempt, ending, now).items()}
    bound = {f"mapping_{name}": value for name, value in mapping.values(binding).items()}
    named = names.parameters(attempt.key, binding.kind, ending.source)
    given = log.ours(attempt) | log.whose(attempt.key) | ended | bound | named
    row = (await db.execute(_finishing(), given)).one()
    if row.owner is None:
        raise TakenOver
    if row.mapping is None:
        raise LookupError(f"{binding.crm_id} is mapped to another finance id")
    return UUID(str(row.mapping))


_ENDED = (
    "status",
    "operation",
    "reason",
    "errorMessage",
    "targetEntityId",
    "kind",
    "sourceData",
    "targetDataBefore",
    "targetDataAfter",
    "completedAt",
    "durationMs",
    "intent",
)


@cache
def _finishing() -> Executable:
    """Each part happens only where the one before it did; the log row is locked first."""
    owner = select(sync_log.c.id).where(log.IS_MINE).with_for_update().cte("owner")
    columns = [entity_mapping.c[name] for name in mapping.COLUMNS]
    given = select(*(bindparam(f"mapping_{c.name}", type_=c.type) for c in columns)).select_from(owner)
    binding = insert(entity_mapping).from_select(mapping.COLUMNS, given, include_defaults=False)
    bound = mapping.or_again(binding).returning(entity_mapping.c.id).cte("bound")
    mapping_id = select(bound.c.id).scalar_subquery()
    closed = (
        sync_log.update()
        .where(sync_log.c.id == select(owner.c.id).scalar_subquery(), exists(select(bound.c.id)))
        .values({name: bindparam(f"log_{name}") for name in _ENDED} | {"entityMappingId": mapping_id})
        .returning(sync_log.c.id)
        .cte("closed")
    )
    settled = (
        log.EARLIER_FAILURES.where(exists(select(closed.c.id)))
        .values(resolvedAt=bindparam("log_completedAt"))
        .returning(sync_log.c.id)
        .cte("settled")
    )
    owner_id = select(owner.c.id).scalar_subquery()
    return select(owner_id.label("owner"), mapping_id.label("mapping")).add_cte(
        closed, settled, names.naming(closed)
    )
