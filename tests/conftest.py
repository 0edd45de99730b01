"""One embedded PostgreSQL per process of a run, and a fresh, migrated database for each test that asks."""

import gc
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from hamgam.db import schema
from hamgam.db.embedded import embedded_server
from hamgam.db.engine import Database

_numbers = itertools.count(1)


def pytest_collection_finish() -> None:
    """What is loaded by now stays: no collection of garbage during the tests has to walk over it."""
    gc.collect()
    gc.freeze()


def _named(url: str, name: str) -> str:
    return url.replace("/hamgam?", f"/{name}?", 1)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The URL of a server with a migrated database `hamgam`, which serves as the template.

    Not below pytest's own directory, which the server's user may not enter when the tests run as root.
    """
    with tempfile.TemporaryDirectory(prefix="hamgam-tests-") as folder, embedded_server(Path(folder)) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        schema.upgrade(url)
        yield url


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(_named(server_url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE hamgam STRATEGY FILE_COPY")
    yield _named(server_url, name)
    with psycopg.connect(_named(server_url, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.aclose()
