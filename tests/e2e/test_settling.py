"""`hamgam settle` and `hamgam retry` by the real program, and the customer of a process that was killed."""

import asyncio
import getpass
import signal
from typing import Any

import psycopg
import pytest

from hamgam.sandbox import Fault, FaultKind, FinanceMood, Sandbox
from tests.e2e.conftest import Program, until

LINE = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}


async def lost_invoice(box: Sandbox, program: Program) -> tuple[str, Any]:
    """An invoice whose pre-invoice was made, and its row in doubt."""
    customer = box.crm.add_customer("person", nickName="سارا", customerNumber="1")
    crm_id = box.crm.add_document("invoice", customer, [LINE])
    box.faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:43D81"))
    done = await program.run("sync", "invoice", crm_id, "--json")
    assert (done.status, done.json["results"][0]["status"]) == (1, "IN_DOUBT")
    [row] = (await program.run("logs", "--status", "IN_DOUBT", "--json")).json
    return crm_id, row


async def test_a_document_in_doubt_exists(box: Sandbox, program: Program) -> None:
    crm_id, row = await lost_invoice(box, program)
    [key] = box.finance.documents
    refused = await program.run("retry", row["id"])
    assert refused.status == 1 and "hamgam settle" in refused.out
    done = await program.run("settle", row["id"], "--exists", f" {key} ", "--json")
    assert (done.status, done.err) == (0, "")
    settled = done.json
    assert settled.pop("resolvedAt")
    assert settled == {
        "id": row["id"],
        "entityType": "PREINVOICE",
        "crmId": crm_id,
        "financeId": key,
        "resolvedBy": getpass.getuser(),
    }
    [told] = (await program.run("logs", "--status", "IN_DOUBT", "--json")).json
    assert (told["resolvedBy"], told["resolution"]) == (getpass.getuser(), {"exists": key})
    again = await program.run("settle", row["id"], "--absent")
    assert (again.status, again.out, len(again.err.splitlines())) == (2, "", 1)
    assert getpass.getuser() in again.err
    status = (await program.run("status", "--json")).json
    assert (status["needs_attention"], status["queue_depth"]) == (0, 1)


async def test_a_document_in_doubt_is_absent_and_a_running_engine_sends_it(
    box: Sandbox, program: Program
) -> None:
    crm_id, row = await lost_invoice(box, program)
    box.finance.documents.clear()
    async with program.running("worker"):
        done = await program.run("settle", row["id"], "--absent", LOGNAME="maryam")
        assert (done.status, crm_id in done.out) == (0, True)

        async def sent() -> bool:
            return len(box.finance.documents) == 1

        await until(sent)
    with psycopg.connect(program.environment["DATABASE_URL"]) as connection:
        told = connection.execute(
            """SELECT status, "resolvedBy" FROM "SyncLog" WHERE id = %s""", (row["id"],)
        ).fetchone()
    assert told == ("IN_DOUBT", "maryam")


async def test_of_two_people_at_once_one_is_told(box: Sandbox, program: Program) -> None:
    _, row = await lost_invoice(box, program)
    [key] = box.finance.documents
    people = ("maryam", "reza")
    maryam, reza = await asyncio.gather(
        program.run("settle", row["id"], "--exists", key, LOGNAME=people[0]),
        program.run("settle", row["id"], "--absent", LOGNAME=people[1]),
    )
    assert sorted((maryam.status, reza.status)) == [0, 2]
    winner, said = (people[0], reza.err) if maryam.status == 0 else (people[1], maryam.err)
    assert f"by {winner}" in said
    assert (await program.run("status", "--json")).json["queue_depth"] == 1


@pytest.mark.parametrize("returns_tmpid", [True, False])
@pytest.mark.parametrize("refuses_phone", [True, False])
async def test_a_customer_whose_process_was_killed_is_linked(
    box: Sandbox, program: Program, returns_tmpid: bool, refuses_phone: bool
) -> None:
    box.finance.mood = FinanceMood(returns_tmpid=returns_tmpid, duplicate_phone_refused=refuses_phone)
    crm_id = box.crm.add_customer("person", nickName="سارا", customerNumber="900")
    box.crm.set_phone(crm_id, "Mobile", "09121112233")
    box.faults.add(Fault(FaultKind.TIMEOUT, system="finance", operation="SaveFormData:2BFDA", after=True))
    process = await program.start("sync", "customer", crm_id)

    async def created() -> bool:
        return bool(box.finance.contacts)

    await until(created)
    process.send_signal(signal.SIGKILL)
    await process.communicate()

    async def ended() -> bool:
        """At first the write of the killed process might still be on its way."""
        done = await program.run("sync", "customer", crm_id, "--json")
        [result] = done.json["results"]
        if result["status"] == "PENDING":
            assert (done.status, result["reason"]) == (1, "ANSWER_LOST")
            return False
        return (done.status, result["status"], result["operation"]) == (0, "SUCCESS", "LINK")

    await until(ended, 60)
    assert len(box.finance.contacts) == 1
