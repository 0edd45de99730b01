"""The command line: what it prints, how it ends, and what it says to bad input."""

import json
import socket
from pathlib import Path

import psycopg
import pytest

from hamgam.sandbox import Fault, FaultKind, Sandbox
from tests.e2e.conftest import Program, free_port

UNKNOWN = "3f2b0c6e-0000-4000-8000-000000000000"


async def test_suspiciously_many_need_a_word_of_a_person(box: Sandbox, program: Program) -> None:
    for n in range(110):
        box.finance.add_contact(Name=f"مشتری {n}")
    assert (await program.run("initial-import")).status == 0
    for crm_id in box.crm.persons:
        box.crm.edit(crm_id, nickName=f"{crm_id} تازه", deliver=False)
    asked = await program.run("sync", "--since", "1h")
    assert (asked.status, asked.out) == (2, "")
    assert "MAX_CHANGE_PERCENT: 110" in asked.err
    assert box.journal.calls(system="finance", effect="write") == []
    done = await program.run("sync", "--since", "1h", "--force", "--json")
    assert (done.status, len(done.json["results"])) == (0, 110)

    for n in range(110):
        box.finance.add_contact(Name=f"تازه {n}")
    asked = await program.run("initial-import", "--again")
    assert (asked.status, asked.out) == (2, "")
    assert "MAX_CHANGE_PERCENT: 110" in asked.err
    done = await program.run("initial-import", "--again", "--force", "--json")
    assert (done.status, done.json["created"]) == (0, 110)


async def test_import_sync_and_logs_as_json(box: Sandbox, program: Program) -> None:
    codes = [box.finance.add_contact(Name=f"مشتری {n}") for n in range(3)]
    planned = await program.run("initial-import", "--dry-run", "--json")
    assert (planned.status, planned.json["dry_run"], planned.json["created"]) == (0, True, 3)
    first = planned.json["records"][0]
    assert {"field": "name", "before": None, "after": "مشتری 0"} in first["changes"]
    assert {"field": "number", "before": None, "after": first["financeId"]} in first["changes"]
    assert "'مشتری 0'" in (await program.run("initial-import", "--dry-run")).out
    assert box.journal.calls(effect="write") == []
    done = await program.run("initial-import", "--json")
    assert done.status == 0
    assert {key: done.json[key] for key in ("total", "created", "linked", "skipped", "failed")} == {
        "total": 3,
        "created": 3,
        "linked": 0,
        "skipped": 0,
        "failed": 0,
    }
    assert {record["financeId"] for record in done.json["records"]} == {str(code) for code in codes}
    again = await program.run("initial-import")
    assert (again.status, again.out) == (2, "")
    assert "--again" in again.err

    crm_id = done.json["records"][0]["crmId"]
    box.crm.edit(crm_id, nickName="نام تازه")
    plan = await program.run("sync", "customer", crm_id, "--dry-run", "--json")
    [result] = plan.json["results"]
    assert (result["operation"], result["status"]) == ("UPDATE", "PENDING")
    assert {
        "field": "name",
        "before": box.finance.contacts[int(result["financeId"])]["Name"],
        "after": "نام تازه",
    } in result["changes"]
    synced = await program.run("sync", "customer", crm_id, "--json")
    assert (synced.status, synced.json["results"][0]["status"]) == (0, "SUCCESS")
    assert box.finance.contacts[int(result["financeId"])]["Name"] == "نام تازه"

    logs = await program.run("logs", "--trigger", "MANUAL", "--json")
    [row] = logs.json
    assert (row["operation"], row["status"], row["sourceEntityId"]) == ("UPDATE", "SUCCESS", crm_id)
    status = await program.run("status", "--json")
    assert status.json["mappings"]["CUSTOMER"] == 3
    assert status.json["syncs"]["all"]["SUCCESS"] == 4
    assert status.json["systems"]["crm"]["state"] == "ok"


async def test_sync_all_and_since(box: Sandbox, program: Program) -> None:
    ids = {box.crm.add_customer("person", nickName=f"مشتری {n}", customerNumber=str(n + 1)) for n in range(5)}
    line = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
    ids.add(box.crm.add_document("invoice", min(ids), [line]))
    done = await program.run("sync", "--all", "--json")
    assert done.status == 0
    assert {result["crmId"] for result in done.json["results"]} == ids
    assert {result["status"] for result in done.json["results"]} == {"SUCCESS"}
    assert len(box.finance.contacts) == 5 and len(box.finance.documents) == 1
    since = await program.run("sync", "--since", "1h", "--json")
    assert since.json["results"] == []


async def test_what_the_crm_does_not_know_is_left_out_and_said(box: Sandbox, program: Program) -> None:
    customer = box.crm.add_customer("person", nickName="سارا", customerNumber="900")
    box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="quote/*", status=404, times=None))
    done = await program.run("sync", "--all", "--json")
    assert done.status == 0
    assert [one["crmId"] for one in done.json["results"]] == [customer]
    assert "quote" in done.err


async def test_a_person_has_a_failure_that_stands_tried_again(box: Sandbox, program: Program) -> None:
    box.crm.add_customer("person", nickName="", customerNumber="900")
    for _ in range(2):
        done = await program.run("sync", "--all", "--json")
        assert [one["reason"] for one in done.json["results"]] == ["UNUSABLE_RECORD"]
        assert done.status == 1


async def test_an_invoice_by_hand_may_be_a_quote(box: Sandbox, program: Program) -> None:
    customer = box.crm.add_customer("person", nickName="سارا", customerNumber="1")
    line = {"productCode": "1", "count": 1, "baseUnitPrice": 1000, "productUnitTypeName": "عدد"}
    quote = box.crm.add_document("quote", customer, [line])
    for expected in ("SUCCESS", "SKIPPED"):
        done = await program.run("sync", "invoice", quote.upper(), "--json")
        assert (done.status, done.json["results"][0]["status"]) == (0, expected)


async def test_an_id_that_nobody_knows_is_said_and_ends_with_1(program: Program) -> None:
    done = await program.run("sync", "customer", UNKNOWN, "--json")
    assert (done.status, done.json["results"][0]["reason"]) == (1, "NOT_IN_CRM")
    assert UNKNOWN in done.err


async def test_failures_are_listed_and_retried(box: Sandbox, program: Program) -> None:
    other = box.finance.add_contact(Name="کسی", MobileNo="09120000000")
    crm_id = box.crm.add_customer("person", nickName="سارا", customerNumber="77")
    box.crm.set_phone(crm_id, "Mobile", "09120000000")
    done = await program.run("sync", "customer", crm_id)
    assert done.status == 1
    assert "DUPLICATE_PHONE" in done.out
    assert "Traceback" not in done.err
    [row] = (await program.run("logs", "--status", "FAILED", "--json")).json
    assert (await program.run("status", "--json")).json["needs_attention"] == 1
    box.finance.edit_contact(other, MobileNo="09121111111")
    unknown = await program.run("retry", row["id"], UNKNOWN)
    assert (unknown.status, unknown.out) == (2, "")
    assert UNKNOWN in unknown.err and row["id"] not in unknown.err
    assert (await program.run("status", "--json")).json["queue_depth"] == 0
    retried = await program.run("retry", row["id"])
    assert retried.status == 0
    again = await program.run("retry", row["id"])
    assert again.status == 1 and "not ended" in again.out
    assert (await program.run("status", "--json")).json["queue_depth"] == 1


async def test_check_apis_tells_what_each_build_supports(box: Sandbox, program: Program) -> None:
    box.finance.add_contact(Name="سارا")
    box.crm.add_customer("person", nickName="سارا", customerNumber="100-1001")
    done = await program.run("check-apis", "--json")
    assert done.status == 0
    for system in ("crm", "finance"):
        assert (done.json[system]["reachable"], done.json[system]["login"]) == (True, True)
        assert done.json[system]["findings"] and done.json[system]["ms"]
    assert box.journal.calls(effect="write") == []


async def test_webhook_subscriptions(box: Sandbox, program: Program) -> None:
    program.environment |= {"WEBHOOK_BASE_URL": "https://sync.example.com", "WEBHOOK_SECRET": "s" * 20}
    assert (await program.run("webhooks", "register")).status == 0
    assert (await program.run("webhooks", "register")).status == 0
    [found] = (await program.run("webhooks", "list", "--json")).json
    assert found["url"] == "https://sync.example.com/webhook/crm"
    assert (await program.run("webhooks", "remove", "no-such")).status == 2
    assert (await program.run("webhooks", "remove")).status == 0
    assert (await program.run("webhooks", "list", "--json")).json == []


async def test_the_database_commands(program: Program, folder: Path, box: Sandbox) -> None:
    box.finance.add_contact(Name="سارا")
    await program.run("initial-import")
    checked = await program.run("db", "check", "--json")
    assert (checked.status, checked.json["ok"]) == (0, True)
    assert (await program.run("db", "upgrade")).status == 0
    url = await program.run("db", "url")
    with psycopg.connect(url.out.strip()) as connection:
        assert connection.execute('SELECT COUNT(*) FROM "EntityMapping"').fetchone() == (1,)
        connection.execute('DELETE FROM "EntityMapping"')
    # The deletion was rolled out with its connection's end: psycopg commits when the block ends well.
    backup = folder / "before.dump"
    assert (await program.run("db", "backup", str(backup))).status == 0
    assert backup.stat().st_mode & 0o777 == 0o600
    nowhere = await program.run("db", "backup", str(folder / "no" / "such" / "folder"))
    assert (nowhere.status, len(nowhere.err.strip().splitlines())) == (2, 1)
    assert (await program.run("db", "backup", str(backup))).status == 2
    with psycopg.connect(url.out.strip()) as connection:
        connection.execute('DELETE FROM "SyncLog"')
    assert (await program.run("db", "restore", str(backup))).status == 0
    with psycopg.connect(url.out.strip()) as connection:
        assert connection.execute('SELECT COUNT(*) FROM "SyncLog"').fetchone() == (1,)
    (folder / "garbage.dump").write_text("no backup")
    (folder / "cut.dump").write_bytes(backup.read_bytes()[:2000])
    for arguments in (
        ("restore", "garbage.dump"),
        ("restore", "cut.dump"),
        ("restore", "."),
        ("backup", "no-such-folder/x"),
        ("backup", "."),
    ):
        refused = await program.run("db", *arguments)
        assert (refused.status, len(refused.err.strip().splitlines())) == (2, 1)
        assert arguments[1] in refused.err and "pg_restore: pg_restore" not in refused.err
    with psycopg.connect(url.out.strip()) as connection:
        assert connection.execute('SELECT COUNT(*) FROM "SyncLog"').fetchone() == (1,)
    nowhere = f"postgresql://me@127.0.0.1:{free_port()}/x"
    assert (await program.run("db", "backup", "x.dump", DATABASE_URL=nowhere)).status == 3
    assert not (folder / "x.dump").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("initial-import", "--limit", "-1"), "--limit"),
        (("initial-import", "--limit", "many"), "limit"),
        (("sync", "customer", "not-an-id"), "not-an-id"),
        (("sync", "customer"), "id"),
        (("sync",), "--since"),
        (("sync", "--since", "yesterday-ish"), "--since"),
        (("sync", "--since", "2090-01-01"), "future"),
        (("sync", "--since", "1404/13/40"), "--since"),
        (("logs", "--status", "SUCCEEDED"), "--status"),
        (("logs", "--limit", "0"), "--limit"),
        (("logs", "--limit", "99999999999999999999"), "--limit"),
        (("logs", "--entity", "a\udcff"), "--entity"),
        (("logs", "extra"), "extra is not expected here; see `hamgam logs --help`"),
        (("sync", "--since", "-1d"), "write --since=VALUE"),
        (("sync", "--since=-1d"), "-1d is no time"),
        (("sync", "--since"), "--since needs a value\n"),
        (("sandbox", "--crm-port", "18555", "--finance-port", "18555"), "--finance-port"),
        (("sandbox", "--crm-port", "70000"), "--crm-port"),
        (("demo", "--customers", "-1"), "--customers"),
        (("demo", "--seconds", "-1"), "--seconds"),
        (("demo", "--seconds", "nan"), "--seconds"),
        (("demo", "--port", "0"), "--port"),
        (("demo", "--port", "99999"), "--port: 99999 is no port"),
        (("retry",), "--all-failed"),
        (("retry", "17"), "17"),
        (("retry", UNKNOWN), UNKNOWN),
        (("settle",), "LOG_ID"),
        (("settle", UNKNOWN), "--exists"),
        (("settle", UNKNOWN, "--absent", "--exists", "17"), "--exists"),
        (("settle", UNKNOWN, "--exists"), "--exists"),
        (("settle", UNKNOWN, "--exists", ""), "finance code"),
        (("settle", UNKNOWN, "--exists", "9" * 19), "finance code"),
        (("settle", UNKNOWN, "--exists", "seventeen"), "seventeen"),
        (("settle", UNKNOWN, "--exists", "17"), UNKNOWN),
        (("settle", UNKNOWN, "--absent"), UNKNOWN),
        (("settle", "17", "--absent"), "17"),
        (("settle", "two\nlines", "--absent"), "two"),
        (("db", "restore", "nothing.dump"), "nothing.dump"),
        (("frobnicate",), "frobnicate"),
        (("status", "--frob"), "--frob"),
    ],
)
async def test_wrong_usage_is_one_line_and_status_2(
    program: Program, box: Sandbox, arguments: tuple[str, ...], word: str
) -> None:
    done = await program.run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert word in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert box.journal.calls(effect="write") == []


async def test_all_wrong_settings_are_told_at_once_and_no_secret_is_shown(program: Program) -> None:
    wrong = {
        "CRM_API_BASE_URL": "crm.example.com",
        "POLL_INTERVAL_SECONDS": "often",
        "FINANCE_PASSWORD": "hunter2-in-the-clear",
        "DELETE_POLICY": "destroy",
        "WEBHOOK_SECERT": "canary-secret",
    }
    done = await program.run("start", **wrong)
    assert (done.status, done.out) == (2, "")
    for name in (
        "CRM_API_BASE_URL",
        "POLL_INTERVAL_SECONDS",
        "FINANCE_PASSWORD",
        "DELETE_POLICY",
        "WEBHOOK_SECERT",
    ):
        assert name in done.err
    assert "hunter2" not in done.err and "canary" not in done.err and "Traceback" not in done.err


async def test_missing_settings_are_named(program: Program) -> None:
    for name in ("CRM_PASSWORD", "FINANCE_USERNAME"):
        del program.environment[name]
    done = await program.run("initial-import")
    assert done.status == 2
    assert "CRM_PASSWORD" in done.err and "FINANCE_USERNAME" in done.err


async def test_a_port_in_use_is_told(program: Program) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(program.environment["PORT"])))
        taken.listen()
        port = program.environment["PORT"]
        for option, arguments in (("PORT", ("start",)), ("--crm-port", ("sandbox", "--crm-port", port))):
            done = await program.run(*arguments)
            assert (done.status, len(done.err.strip().splitlines())) == (2, 1)
            assert f"{option}: 127.0.0.1:{port} cannot be used" in done.err


@pytest.mark.parametrize("command", [("initial-import",), ("check-apis",), ("webhooks", "list")])
async def test_a_system_that_is_not_there_ends_with_3(program: Program, command: tuple[str, ...]) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = await program.run(*command, CRM_API_BASE_URL=nowhere)
    assert done.status == 3
    assert "Traceback" not in done.err


async def test_a_wrong_password_ends_with_3_and_is_not_shown(program: Program) -> None:
    done = await program.run("initial-import", CRM_PASSWORD="canary-password")
    assert done.status == 3
    assert "crm" in done.err and "BAD_CREDENTIALS" in done.err and "canary" not in done.err


async def test_an_address_that_is_something_else_ends_with_3(program: Program, box: Sandbox) -> None:
    done = await program.run("initial-import", CRM_API_BASE_URL=box.finance_url)
    assert done.status == 3
    assert "Traceback" not in done.err


async def test_a_database_that_is_not_there_ends_with_3(program: Program) -> None:
    done = await program.run("status", DATABASE_URL=f"postgresql://me:hidden@127.0.0.1:{free_port()}/x")
    assert (done.status, len(done.err.strip().splitlines())) == (3, 1)
    assert "DATABASE_URL" in done.err and "hidden" not in done.err


async def test_a_database_from_the_future_ends_with_2(program: Program, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    done = await program.run("status")
    assert (done.status, len(done.err.strip().splitlines())) == (2, 1)
    assert "newer" in done.err


async def test_an_import_that_breaks_off_says_so_and_goes_on(box: Sandbox, program: Program) -> None:
    for n in range(5):
        box.finance.add_contact(Name=f"مشتری {n}")
    box.faults.add(
        Fault(FaultKind.STATUS, system="crm", operation="person/create", status=402, times=None, skip=2)
    )
    broken = await program.run("initial-import", "--json")
    assert broken.status == 3
    assert json.loads(broken.out)["created"] == 2
    box.faults.clear()
    done = await program.run("initial-import", "--json")
    assert done.status == 0, done.err
    assert done.json["created"] + done.json["linked"] == 3
    assert len(box.crm.persons) == 5


async def test_what_others_left_in_the_log_is_printed_as_it_is(program: Program, database_url: str) -> None:
    """Square brackets are no markup, and a status that this version does not know is no reason to stop."""
    odd = "[/red] {GOSSIP}"
    await program.run("db", "upgrade")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            'INSERT INTO "SyncLog" ("transactionId", "entityType", "sourceEntity", direction, operation,'
            ' status, reason, "triggerType", "sourceEntityId", "startedAt", "errorMessage")'
            " VALUES (gen_random_uuid(), %(odd)s, %(odd)s, %(odd)s, %(odd)s, %(odd)s, %(odd)s, %(odd)s,"
            " %(odd)s, now(), %(odd)s)",
            {"odd": odd},
        )
    for arguments in (("logs",), ("logs", "--json"), ("status",), ("status", "--json")):
        done = await program.run(*arguments)
        assert (done.status, done.err) == (0, ""), done.err
        assert odd in done.out or arguments[0] == "status"
