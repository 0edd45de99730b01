"""What people look for a record by, from what the log still holds of each."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

from hamgam.persian import search_text

revision = "0007"
down_revision = "0006"

_GROUP = 1000


def upgrade() -> None:
    op.create_table(
        "RecordName",
        sa.Column("entity", sa.Text(), nullable=False, comment="customer, invoice, quote or contact"),
        sa.Column("id", sa.Text(), nullable=False, comment="of the CRM; the finance code of a contact"),
        sa.Column("kind", sa.Text(), nullable=True, comment="person or organization, where it is known"),
        sa.Column("name", sa.Text(), nullable=False, comment="a customer's name or a document's subject"),
        sa.Column("number", sa.Text(), nullable=False, comment="that people know it by"),
        sa.Column("customerId", sa.Text(), nullable=True, comment="whose document it is"),
        sa.Column("search", sa.Text(), nullable=False, comment="what a search looks at, in normal form"),
        sa.Column("updatedAt", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("entity", "id", name=op.f("pk_RecordName")),
    )
    op.create_index(
        "ix_RecordName_customerId",
        "RecordName",
        ["customerId"],
        unique=False,
        postgresql_where=sa.text('"customerId" IS NOT NULL'),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    named = _names(connection)
    while group := list(islice(named, _GROUP)):
        connection.execute(_TABLE.insert(), group)


_TABLE = sa.table(
    "RecordName", *map(sa.column, ("entity", "id", "kind", "name", "number", "customerId", "search"))
)

# The newest that was read of each. An import knows a customer by its finance code, and not its number.
_NEWEST = sa.text(
    """
    SELECT DISTINCT ON (entity, id) entity, id, kind, "sourceData" AS source, title FROM (
      SELECT CASE WHEN linked THEN 'customer' ELSE "sourceEntity" END AS entity,
             CASE WHEN linked THEN "targetEntityId" ELSE "sourceEntityId" END AS id,
             kind, "sourceData", "startedAt", direction, "targetDataAfter" ->> 'title' AS title
      FROM (SELECT *, direction = 'FINANCE_TO_CRM' AND status = 'SUCCESS'
                   AND "targetEntityId" IS NOT NULL AS linked FROM "SyncLog") rows
      WHERE jsonb_typeof("sourceData") = 'object'
    ) known ORDER BY entity, id, direction, "startedAt" DESC
    """
)


def _names(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    for row in connection.execute(_NEWEST, execution_options={"stream_results": True}):
        yield _name(row.entity, row.id, row.kind, row.source, row.title)


def _name(
    entity: str, record: str, kind: str | None, source: dict[str, Any], title: str | None
) -> dict[str, Any]:
    fields = source.get("fields")
    said = fields if isinstance(fields, dict) else {}
    name, number = _text(said.get("name", source.get("subject", title))), _text(source.get("number"))
    texts = [name, number, _text(said.get("national_id")), record]
    return {
        "entity": entity,
        "id": record,
        "kind": kind,
        "name": name,
        "number": number,
        "customerId": _text(source.get("customerId")) or None,
        "search": search_text(texts, [_text(said.get("mobile")), _text(said.get("phone"))]),
    }


def _text(said: object) -> str:
    return said[:500] if isinstance(said, str) else ""
