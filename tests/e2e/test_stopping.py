"""Told to stop at any moment, a command ends soon, says so in one line, and leaves nothing behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import psutil
import pytest

from hamgam.sandbox import Fault, FaultKind, Sandbox
from tests.e2e.conftest import Program, kept, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

STOPPED = "stopped; what was stored is kept, and the command can be run again\n"


async def begin(folder: Path, environment: dict[str, str], *arguments: str) -> Process:
    """A command in a process group of its own, as a terminal's shell makes it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hamgam",
        *arguments,
        cwd=folder,
        env=kept() | environment,
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )


async def there(process: Process, folder: Path, pattern: str) -> None:
    async def found() -> bool:
        assert process.returncode is None
        return any(folder.glob(pattern))

    await until(found, 60)


async def told(process: Process, number: signal.Signals) -> tuple[int | None, str]:
    """Ctrl-C reaches the whole group, the other signals one process."""
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    async with asyncio.timeout(60):
        _, err = await process.communicate()
    return process.returncode, err.decode()


def servers(folder: Path) -> list[int]:
    """Database servers whose data lies in the folder."""
    found = psutil.process_iter(["name", "cmdline"])
    return [p.pid for p in found if p.info["name"] == "postgres" and str(folder) in str(p.info["cmdline"])]


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("hamgam-demo-*", signal.SIGTERM),
        ("hamgam-demo-*/data/pg", signal.SIGINT),
        ("hamgam-demo-*/data/pg/PG_VERSION", signal.SIGHUP),
        ("hamgam-demo-*/data/pg/postmaster.pid", signal.SIGTERM),
        ("hamgam-demo-*/data/pg/.handle_pids.json", signal.SIGINT),
    ],
)
async def test_the_demo_leaves_nothing(folder: Path, moment: str, number: signal.Signals) -> None:
    process = await begin(folder, {"TMPDIR": str(folder)}, "demo", "--customers", "20")
    await there(process, folder, moment)
    assert await told(process, number) == (128 + number, STOPPED)
    assert list(folder.iterdir()) == []
    assert servers(folder) == []


async def test_an_import_that_is_told_to_stop_keeps_what_it_did(
    box: Sandbox, program: Program, folder: Path
) -> None:
    del program.environment["DATABASE_URL"]
    for n in range(3):
        box.finance.add_contact(Name=f"مشتری {n}")
    silent = Fault(FaultKind.TIMEOUT, system="crm", operation="person/create", after=True, times=2, skip=1)
    box.faults.add(silent)
    process = await begin(folder, program.environment, "initial-import")

    async def begun() -> bool:
        assert process.returncode is None
        return silent.hits == 2

    await until(begun, 60)
    status, err = await told(process, signal.SIGINT)
    assert status == 130
    assert err.endswith(STOPPED) and "Traceback" not in err and "error" not in err
    assert servers(folder) == []
    done = await program.run("initial-import", "--json")
    assert (done.status, done.json["failed"]) == (0, 0), done.err
    assert len(box.crm.persons) == 3


async def test_the_engine_ends_with_its_terminal(program: Program, folder: Path) -> None:
    process = await begin(folder, program.environment, "start")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while "hamgam.started" not in (await process.stderr.readline()).decode():
            pass
    status, err = await told(process, signal.SIGHUP)
    assert (status, "hamgam.stopping" in err, "Traceback" in err) == (0, True, False)
