"""What commands print when the values are odd, secret, or many."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from hamgam.sandbox import Sandbox
from tests.e2e.conftest import Program

ADD_ROW = """
    INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", "sourceEntityId", direction,
        operation, status, reason, "triggerType", "startedAt")
    VALUES (gen_random_uuid(), 'CUSTOMER', 'contact', %s, 'FINANCE_TO_CRM',
        'NONE', 'SKIPPED', 'CRM_PRIORITY', 'WEBHOOK', now())
"""


async def test_texts_of_others_are_no_markup(program: Program, folder: Path, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for odd in ("[/x]", "[red]234", "\x1b[2J"):
            connection.execute(ADD_ROW, [odd])
    done = await program.run("logs")
    assert (done.status, done.err) == (0, "")
    assert "[/x]" in done.out and "[red]234" in done.out and "\x1b" not in done.out
    assert len((await program.run("logs", "--entity", "[/x]", "--json")).json) == 1
    backup = await program.run("db", "backup", "[a]b.dump")
    assert (backup.status, backup.out) == (0, "wrote [a]b.dump\n")
    assert (folder / "[a]b.dump").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("command", ["--help", "hash-password x", "status", "logs --json"])
async def test_who_reads_may_go_away(program: Program, command: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    process = await program.start(*command.split(), stdout=writes)
    os.close(writes)
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert (process.returncode, said) == (128 + signal.SIGPIPE, b"")


async def test_the_token_in_an_address_is_not_shown(program: Program, box: Sandbox) -> None:
    token = "canary-token"
    program.environment |= {"WEBHOOK_BASE_URL": "https://sync.example.com", "WEBHOOK_TOKEN": token}
    assert (await program.run("webhooks", "register")).status == 0
    assert [hook.url for hook in box.crm.registrations.values()] == [
        f"https://sync.example.com/webhook/crm/{token}"
    ]
    for arguments in (("webhooks", "list"), ("webhooks", "list", "--json")):
        done = await program.run(*arguments)
        assert "https://sync.example.com/webhook/crm/***" in done.out and token not in done.out + done.err
    assert (await program.run("webhooks", "remove")).status == 0
    assert not box.crm.registrations


async def test_the_bar_of_an_import_counts_to_its_limit(program: Program, box: Sandbox) -> None:
    for number in range(6):
        box.finance.add_contact(Name=f"مشتری {number}", IsActive=number % 2 == 0)
    limited = await program.run("initial-import", "--limit", "2")
    assert (limited.status, "2/2" in limited.err, len(box.crm.persons)) == (0, True, 2), limited.err
    whole = await program.run("initial-import")
    assert (whole.status, "6/6" in whole.err, len(box.crm.persons)) == (0, True, 3), whole.err
    refused = await program.run("initial-import")
    assert (refused.status, refused.out, len(refused.err.splitlines())) == (2, "", 1), refused.err
