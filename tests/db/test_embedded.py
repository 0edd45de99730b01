"""The embedded server is its owner's alone: by file modes where it has a socket, else by a password."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from hamgam.db import embedded
from hamgam.db.embedded import embedded_server, postgres_program
from hamgam.errors import UsageError

posix = pytest.mark.skipif(sys.platform == "win32", reason="there is no socket on Windows")
AS_ROOT = sys.platform != "win32" and os.geteuid() == 0

# What another user of the machine tries: to look into both directories, and to speak to the server.
INTRUDER = """
import os, socket, sys
data, server = sys.argv[1:]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
def try_it(what):
    try:
        what()
        print("in")
    except PermissionError:
        print("refused")
try_it(lambda: os.listdir(data))
try_it(lambda: os.listdir(server))
try_it(lambda: open(server + "/postgresql.conf").close())
try_it(lambda: socket.socket(socket.AF_UNIX).connect(server + "/.s.PGSQL.5432"))
"""


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hamgam-embedded-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_nobody_but_its_owner_reaches_the_server(data: Path) -> None:
    data.mkdir(mode=0o777)
    for _ in range(2):  # when it is made, and when it is started again
        with embedded_server(data) as url:
            assert mode(data) == (0o711 if AS_ROOT else 0o700)
            assert mode(data / "pg") == 0o700
            assert mode(data / "pg" / ".s.PGSQL.5432") == 0o700
            with psycopg.connect(url) as connection:
                assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
            pid = int((data / "pg" / "postmaster.pid").read_text().splitlines()[0])
            assert psutil.Process(pid).net_connections("tcp") == []
            if AS_ROOT:
                arguments = [sys.executable, "-c", INTRUDER, str(data), str(data / "pg")]
                tried = subprocess.run(arguments, capture_output=True, text=True)
                assert (tried.stdout.split(), tried.stderr) == (["refused"] * 4, "")


@posix
def test_a_path_that_holds_no_socket(data: Path) -> None:
    """As root its socket would have to lie where every user may replace it."""
    long = data / ("x" * 90)
    if AS_ROOT:
        with pytest.raises(UsageError, match=r"^DATA_DIR: [^\n]*too long"), embedded_server(long):
            pass
        return
    with embedded_server(long) as url, psycopg.connect(url) as connection:
        [place] = connection.execute("SHOW unix_socket_directories").fetchone() or ()
        assert Path(place).stat().st_uid == os.geteuid()
        assert mode(Path(place)) & 0o022 == 0


@posix
def test_a_first_start_that_was_broken_off_is_made_good(data: Path) -> None:
    with embedded_server(data):
        pass
    configuration = data / "pg" / "postgresql.conf"
    whole = configuration.read_text()
    configuration.write_text(whole.replace(embedded._SETTINGS, ""))
    with embedded_server(data) as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW unix_socket_permissions").fetchone() == ("0700",)
        assert connection.execute("SHOW log_min_error_statement").fetchone() == ("panic",)
    assert configuration.read_text() == whole


@posix
def test_a_statement_that_fails_leaves_no_data_in_the_servers_log(data: Path) -> None:
    with embedded_server(data) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (name text UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('canary-name')")
        for statement in ("INSERT INTO people VALUES ('canary-name')", "SELECT 'canary-name' + 1"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
    log = (data / "pg" / "log").read_text()
    assert "ready to accept connections" in log
    assert "canary-name" not in log


def test_with_a_port_the_server_asks_for_its_password_from_the_first_moment_on(data: Path) -> None:
    """As on Windows, where there is no socket to hide: everything but Windows itself."""
    data.mkdir()
    secret, port = data / "pg.password", _free_port()
    server = embedded.get_server(data / "pg", start=False)
    if AS_ROOT:  # the server's own user has to read both, as the one user on Windows does
        secret.touch(mode=0o600)
        secret.write_text("a-password-of-the-test")
        for path in (secret, data / "pg"):
            shutil.chown(path, server.system_user)
    embedded._make_password(secret)
    embedded._initialise_with_password(server, secret)
    embedded._configure(data / "pg")
    rules = [line.split() for line in (data / "pg" / "pg_hba.conf").read_text().splitlines()]
    assert {rule[-1] for rule in rules if rule and not rule[0].startswith("#")} == {"scram-sha-256"}

    control = (str(postgres_program("pg_ctl")), "-w", "-D", str(data / "pg"))
    listening = f'-h "127.0.0.1" -p {port} -k "{data / "pg"}"'
    quiet = {"user": server.system_user, "stdout": subprocess.DEVNULL, "check": True}
    subprocess.run([*control, "-o", listening, "-l", str(data / "pg" / "log"), "start"], **quiet)
    try:
        url = f"postgresql://postgres:@127.0.0.1:{port}/postgres"
        for wrong in (url, embedded._insert_password(url, "wrong")):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(wrong)
        right = embedded._insert_password(url, secret.read_text())
        with psycopg.connect(right) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], **quiet)


def test_the_password_is_made_once_and_is_long(data: Path) -> None:
    data.mkdir()
    secret = data / "pg.password"
    secret.touch(mode=0o600)  # as a start leaves it that was broken off here
    embedded._make_password(secret)
    first = secret.read_text()
    embedded._make_password(secret)
    assert (secret.read_text(), len(first) >= 40, mode(secret)) == (first, True, 0o600)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
