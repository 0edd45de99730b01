"""The schema is what the tables say, can be applied twice, and refuses a database from the future."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from hamgam.db import schema
from hamgam.db.engine import Database
from hamgam.db.tables import metadata
from hamgam.errors import Unavailable, UsageError


def _ours(name: str | None, kind: str, _: object) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate"))


def test_migrations_make_exactly_the_tables(database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _ours})
        found = [
            change for change in compare_metadata(context, metadata) if "procrastinate" not in repr(change)
        ]
    engine.dispose()
    assert found == []


def test_upgrade_twice_changes_nothing(database_url: str) -> None:
    assert schema.upgrade(database_url) == schema.version(database_url)[1]


def test_a_newer_database_is_refused_in_one_line(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UsageError, match=r"^DATABASE_URL: .*9999.*newer[^\n]*$"):
        schema.upgrade(database_url)


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(Unavailable) as caught:
        schema.upgrade("postgresql://someone:hidden-word@127.0.0.1:1/books")
    assert "127.0.0.1:1/books" in str(caught.value)
    assert "hidden-word" not in str(caught.value)


async def test_the_lock_of_a_key_is_held_by_one(db: Database) -> None:
    async with db.locked("a") as first, db.locked("a") as second, db.locked("b") as other:
        assert first and other and second is None
    async with db.locked("a") as again:
        assert again


async def test_the_monitoring_queries_run_as_they_are_written(db: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for query in (
            """SELECT COUNT(*) FROM "SyncLog" WHERE status = 'SUCCESS';""",
            """SELECT * FROM "SyncLog" WHERE status = 'FAILED' ORDER BY "startedAt" DESC;""",
            """SELECT COUNT(*) FROM "EntityMapping";""",
            """SELECT * FROM "SyncLog" ORDER BY "startedAt" DESC LIMIT 10;""",
        ):
            assert connection.execute(query).fetchall() in ([(0,)], [])
