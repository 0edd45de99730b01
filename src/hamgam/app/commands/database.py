"""`hamgam db`: schema, health, address, backup and restore."""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from hamgam.app.commands.output import console, print_json, progress_console, shown, table
from hamgam.app.signals import wait_out
from hamgam.app.wiring import database_url, open_database
from hamgam.db import schema
from hamgam.db.embedded import postgres_program
from hamgam.db.engine import APPLICATION, Database
from hamgam.errors import Unavailable, UsageError
from hamgam.settings import Settings

_REPLACE = ("--clean", "--if-exists", "--no-owner")
_STRICT = ("--no-psqlrc", "--set=ON_ERROR_STOP=1", "--output=" + os.devnull)


async def upgrade(settings: Settings) -> int:
    async with database_url(settings) as where:
        before = await asyncio.to_thread(schema.upgrade, where)
        _, now = await asyncio.to_thread(schema.version, where)
    console().print(f"schema {now}" + ("" if before == now else f", was {before or 'empty'}"))
    return 0


async def check(settings: Settings, *, as_json: bool) -> int:
    """Exit status 1 when the schema is not the one that this program needs."""
    async with database_url(settings) as where:
        found, needed = await asyncio.to_thread(schema.version, where)
        db = Database(where)
        try:
            facts = await _facts(db)
        finally:
            await db.aclose()
    document = {"schema": found, "needed": needed, "ok": found == needed, **facts}
    if as_json:
        print_json(document)
    else:
        console().print(table(("database", ""), document.items()))
    return 0 if found == needed else 1


async def url(settings: Settings) -> int:
    async with database_url(settings) as where:
        sys.stdout.write(where + "\n")
    if settings.database_url is None:
        progress_console().print("the embedded database runs while a hamgam process runs")
    return 0


async def backup(settings: Settings, file: Path) -> int:
    """The file is its owner's alone before anything is written into it."""
    async with open_database(settings) as db:
        try:
            file.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise UsageError(f"backup: {file} exists; choose another name") from None
        except OSError as error:
            raise UsageError(f"backup: {file} cannot be written: {error.strerror}") from None
        try:
            await _tool("pg_dump", "--format=custom", f"--file={file}", where=db.url)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
    console().print(f"wrote {shown(str(file))}", soft_wrap=True)
    return 0


async def restore(settings: Settings, file: Path) -> int:
    """All of it or nothing: the backup is replayed in one transaction."""
    if not file.is_file():
        raise UsageError(f"restore: there is no file {file}")
    async with open_database(settings) as db:
        await _nobody_else(db)
        with tempfile.TemporaryDirectory(prefix="hamgam-restore-") as folder:
            script = Path(folder) / "restore.sql"
            try:
                await _tool("pg_restore", *_REPLACE, f"--file={script}", str(file))
            except Unavailable as error:  # it has only read the file
                raise UsageError(f"restore: {file} is no whole backup ({error})") from None
            await asyncio.to_thread(_for_older_servers, script)
            await _tool("psql", "--single-transaction", "--quiet", *_STRICT, f"--file={script}", where=db.url)
        await asyncio.to_thread(schema.upgrade, db.url)
    console().print(f"restored {shown(str(file))}", soft_wrap=True)
    return 0


def _for_older_servers(script: Path) -> None:
    """Take out the one setting that servers before PostgreSQL 17 do not know."""
    old = script.with_suffix(".old")
    script.rename(old)
    with old.open(encoding="utf-8") as source, script.open("w", encoding="utf-8") as target:
        target.writelines(line for line in source if not line.startswith("SET transaction_timeout"))


async def _facts(db: Database) -> dict[str, object]:
    rows = await db.execute(
        text(
            "SELECT version() AS server, pg_size_pretty(pg_database_size(current_database())) AS size,"
            " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections"
        )
    )
    row = rows.one()
    return {"server": row.server.split(" on ")[0], "size": row.size, "connections": row.connections}


async def _nobody_else(db: Database) -> None:
    others = await db.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND starts_with(application_name, :ours) AND application_name <>"
            " (SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid())"
        ),
        {"ours": APPLICATION},
    )
    if others.scalar_one():
        raise UsageError("restore: hamgam is running on this database; stop it first")


async def _tool(name: str, *arguments: str, where: str | None = None) -> None:
    """Run one of PostgreSQL's own programs; a password goes by its environment, never by its arguments."""
    environment = dict(os.environ)
    command = [str(postgres_program(name)), *arguments]
    if where is not None:
        target = make_url(where)
        environment |= {"PGPASSWORD": str(target.password)} if target.password else {}
        command.append(f"--dbname={target.set(password=None).render_as_string()}")
    program = _started(command, environment)
    said = (await _to_its_end(program)).strip().splitlines()
    if program.returncode:
        said_first = said[0].removeprefix(f"{name}: ") if said else f"ended with {program.returncode}"
        raise Unavailable(f"{name}: {said_first}")


def _started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own command line
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


async def _to_its_end(program: subprocess.Popen[str]) -> str:
    """What it says on stderr. Whoever is told to stop meanwhile ends it first."""
    ending = asyncio.ensure_future(asyncio.to_thread(program.communicate))
    try:
        await asyncio.shield(ending)
    finally:
        program.terminate()
        await wait_out(ending)
    _, said = ending.result()
    return said
