"""What people look for a record by: its name and numbers, as they were last read.

A sync stores them in the very statement that ends it. So whatever the log tells of can be found, also what is
in no mapping.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Executable, Update, bindparam, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from hamgam.db.engine import Database
from hamgam.db.rows import given_rows
from hamgam.db.tables import record_name as t
from hamgam.db.tables import sync_log
from hamgam.model import EntityKey, Fields, Kind
from hamgam.persian import search_text

COLUMNS = ("entity", "id", "kind", "name", "number", "customerId", "search")
_SAID = ("kind", "name", "number", "customerId", "search")
_MOST_CHARACTERS = 500


def with_name(changed: Update) -> Executable:
    """A change of a log row and the name of its record in one statement; answers the rows that it changed.

    Its parameters are those of the change and of `parameters`.
    """
    done = changed.returning(sync_log.c.id).cte("done")
    return select(done.c.id).add_cte(naming(done))


def naming(done: CTE) -> CTE:
    """Store the name where `done` has a row."""
    given = [bindparam(f"record_{name}", type_=t.c[name].type) for name in COLUMNS]
    known = bindparam("record_search", type_=t.c.search.type).is_not(None)
    return _stored(select(*given).where(known, exists(select(done.c.id)))).cte("named")


def naming_all() -> CTE:
    """Store the names among the rows of `as_parameter`, which hold what `row` answers."""
    rows = given_rows(t, COLUMNS)
    return _stored(select(*(rows.c[name] for name in COLUMNS))).cte("named")


def parameters(key: EntityKey, kind: Kind | None, source: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters of `naming`, from what was read of the record; where it was not, nothing is stored."""
    if source is None:
        return {f"record_{name}": None for name in COLUMNS}
    fields, customer = source.get("fields", {}), source.get("customerId")
    name = fields.get("name", source.get("subject", ""))
    named = row(key.entity, key.crm_id, kind, name, source.get("number", ""), fields, customer)
    return {f"record_{column}": value for column, value in named.items()}


def row(
    entity: str, record: str, kind: str | None, name: str, number: str, fields: Fields, customer: str | None
) -> dict[str, Any]:
    """The row of one record; `fields` are a customer's."""
    name, number = _short(name), _short(number)
    phones = [_short(fields.get(field, "")) for field in ("mobile", "phone")]
    texts = [name, number, _short(fields.get("national_id", "")), record]
    return {
        "entity": entity,
        "id": record,
        "kind": kind,
        "name": name,
        "number": number,
        "customerId": customer,
        "search": search_text(texts, phones),
    }


async def purge(db: Database, before: datetime) -> None:
    """Delete the names of records that are in no mapping and of which the log holds nothing any more.

    A contact that is mapped by now has the name of its customer.
    """
    await db.execute(
        text(
            'DELETE FROM "RecordName" r WHERE "updatedAt" < :before'
            ' AND NOT EXISTS (SELECT 1 FROM "EntityMapping" m WHERE m."crmId" = r.id'
            """ AND m."entityType" = CASE r.entity WHEN 'customer' THEN 'CUSTOMER' ELSE 'PREINVOICE' END)"""
            ' AND NOT EXISTS (SELECT 1 FROM "SyncLog" s WHERE s."sourceEntityId" = r.id'
            """ AND (s."sourceData" IS NOT NULL OR s.status IN ('PENDING', 'IN_PROGRESS')))"""
        ),
        {"before": before},
    )


def _stored(given: Any) -> ReturningInsert[Any]:
    """A name that stands there already is not written again."""
    statement = insert(t).from_select(list(COLUMNS), given, include_defaults=False)
    said = {name: statement.excluded[name] for name in _SAID}
    again = statement.on_conflict_do_update(
        index_elements=["entity", "id"],
        set_=said | {"updatedAt": func.now()},
        where=or_(*(t.c[name].is_distinct_from(new) for name, new in said.items())),
    )
    return again.returning(t.c.id)


def _short(said: str) -> str:
    """As much as a search needs, without the character that PostgreSQL refuses."""
    return said[:_MOST_CHARACTERS].replace("\x00", "\ufffd")
