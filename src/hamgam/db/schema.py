"""Schema versions: bring a database up to date, or say that it is newer than this program."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from hamgam.db.engine import DATABASE_GONE, unavailable_text
from hamgam.errors import Unavailable, UsageError

_LOCK = "hamgam schema"


def upgrade(url: str) -> str | None:
    """Apply the missing migrations and return the version before, None for a fresh database.

    Processes that start at the same time wait for each other. Raises `UsageError` when the database was
    made by a newer version of the program, `Unavailable` when it cannot be reached. Blocking.
    """
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtextextended(:key, 0))"), {"key": _LOCK})
            connection.commit()
            return _upgrade(connection)
    except DATABASE_GONE as error:
        raise Unavailable(unavailable_text(url, error)) from None
    finally:
        engine.dispose()


def version(url: str) -> tuple[str | None, str]:
    """The version of the database (None: empty) and the one that this program needs. Blocking."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return _current(connection), _head()
    except DATABASE_GONE as error:
        raise Unavailable(unavailable_text(url, error)) from None
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> str | None:
    before = _current(connection)
    if before == _head():
        return before
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if before is not None and before not in known:
        raise UsageError(
            f"DATABASE_URL: the database has schema version {before}, which is newer than this program "
            "knows; install the newer hamgam again"
        )
    config = _config()
    config.attributes["connection"] = connection
    connection.rollback()
    command.upgrade(config, "head")
    return before


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "hamgam.db:migrations")
    return config
