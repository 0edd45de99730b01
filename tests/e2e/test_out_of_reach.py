"""Commands whose remote system is away, is another server, or refuses the login."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from hamgam.sandbox import Sandbox
from tests.e2e.conftest import Program, free_port

UNKNOWN = "3f2b0c6e-0000-4000-8000-000000000000"
QUEUED = "SELECT args->>'entity' FROM procrastinate_jobs WHERE status = 'todo' ORDER BY 1"


@pytest.fixture
async def router() -> AsyncIterator[str]:
    """A web server that answers everything with a page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = b"<!DOCTYPE html><title>Router</title>"
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(page)}\r\nConnection: close\r\n\r\n".encode()
        writer.write(head + page)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def queued(database_url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        return [entity for (entity,) in await (await connection.execute(QUEUED)).fetchall()]


@pytest.mark.parametrize("kind", ["customer", "invoice"])
async def test_a_sync_without_the_crm_is_queued_and_ends_with_3(
    program: Program, database_url: str, kind: str
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    planned = await program.run("sync", kind, UNKNOWN, "--dry-run", CRM_API_BASE_URL=nowhere)
    assert (planned.status, await queued(database_url)) == (3, [])
    done = await program.run("sync", kind, UNKNOWN, "--json", CRM_API_BASE_URL=nowhere)
    assert done.status == 3
    [line] = [line for line in done.err.splitlines() if line.startswith("crm (")]
    assert line.startswith("crm (CRM_API_BASE_URL): UNREACHABLE: ")
    assert "tries again" in line and "Error" not in done.out + done.err
    assert [(each["status"], each["reason"], each["message"]) for each in done.json["results"]] == [
        ("PENDING", "UNREACHABLE", "the connection could not be made")
    ]
    assert await queued(database_url) == [kind]


async def test_a_document_that_was_asked_for_in_vain_is_synced_once(box: Sandbox, program: Program) -> None:
    customer = box.crm.add_customer("person", nickName="سارا", customerNumber="1")
    line = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
    quote = box.crm.add_document("quote", customer, [line])
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert (await program.run("sync", "invoice", quote, CRM_API_BASE_URL=nowhere)).status == 3
    done = await program.run("sync", "invoice", quote, "--json")
    assert (done.status, [each["status"] for each in done.json["results"]]) == (0, ["SUCCESS"])
    assert len(box.finance.documents) == 1


async def test_another_server_is_named_with_its_setting(program: Program, router: str) -> None:
    for name, arguments in (
        ("CRM_API_BASE_URL", ("sync", "customer", UNKNOWN)),
        ("CRM_API_BASE_URL", ("webhooks", "list")),
        ("FINANCE_API_BASE_URL", ("initial-import",)),
    ):
        done = await program.run(*arguments, **{name: router})
        assert done.status == 3
        assert f"({name}): WRONG_ADDRESS: " in done.err and "Correct CRM_API_BASE_URL or" in done.err


async def test_the_site_probe_of_another_server_ends_with_3(program: Program, router: str) -> None:
    assert (await program.run("check-apis")).status == 0
    # The session of the right server is stored, so that only the reads meet the other one.
    done = await program.run("check-apis", "--json", FINANCE_API_BASE_URL=router)
    assert (done.status, done.json["crm"]["reachable"]) == (3, True)
    assert not (done.json["finance"]["reachable"] and done.json["finance"]["login"])
