"""Many rows as one parameter: the statement stays the same for any number of them.

A list of values is another statement for each length, and to build one of a hundred rows stops the event loop
for tens of milliseconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, TableValuedAlias, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert


def given_rows(table: Table, names: Sequence[str]) -> TableValuedAlias:
    """The rows of `as_parameter` as a table with these columns of `table`."""
    columns = [column(name, table.c[name].type) for name in names]
    rows = func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), JSONB))
    return rows.table_valued(*columns).render_derived("given", with_types=True)


def insert_given(table: Table, names: Sequence[str], **fixed: Any) -> Insert:
    """Insert the rows of `as_parameter`; what is `fixed` is the same in each."""
    given = given_rows(table, names)
    values = [bindparam(f"fixed_{n}", fixed[n], table.c[n].type) if n in fixed else given.c[n] for n in names]
    return insert(table).from_select(list(names), select(*values), include_defaults=False)


def as_parameter(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {"rows": storable(msgspec.json.encode(rows).decode())}


def storable(document: str) -> str:
    """JSON as PostgreSQL stores it: it refuses the zero character, which remote systems may well send."""
    return document.replace("\\u0000", "\\ufffd")
