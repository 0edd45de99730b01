"""Secrets and personal data stay out of everything that the program says, whatever goes wrong.

Each secret and each value of a customer is a canary. They go through the real program in every failure that
can be brought about, and then all that it has said is searched for them.
"""

import json
import re
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from hamgam.errors import UsageError
from hamgam.sandbox import CRM_PASSWORD, FINANCE_PASSWORD, FINANCE_PASSWORD_MD5, Fault, FaultKind, Sandbox
from hamgam.settings import load_settings
from tests.e2e.conftest import Ended, Program, until
from tests.web.conftest import basic

NAME, MOBILE, NATIONAL_ID = "قناری‌نام", "0935123", "049937"
"""How the values of every customer begin."""
SECRETS = {
    "WEBHOOK_SECRET": "canary-webhook-secret",
    "WEBHOOK_TOKEN": "canary-webhook-token",
    "DASHBOARD_PASSWORD": "canary-dashboard-password",
}
IN_DATABASE_URL = "canary-database-password"
CANARIES = (
    *SECRETS.values(),
    IN_DATABASE_URL,
    CRM_PASSWORD,
    FINANCE_PASSWORD,
    FINANCE_PASSWORD_MD5,
    "canary-wrong-password",
    "قناری",
    MOBILE[1:],
    NATIONAL_ID,
)
_ESCAPED = re.compile(r"\\u06[0-9a-f]{2}")
"""Persian text that some JSON writer has escaped would not be found as it is."""

ABOUT_A_CUSTOMER = f"{NAME} {MOBILE} {NATIONAL_ID}"


def found(said: Iterable[str], more: Iterable[str] = ()) -> list[str]:
    text = "\n".join(said)
    text = _ESCAPED.sub(lambda match: json.loads(f'"{match[0]}"'), text)
    return [canary for canary in (*CANARIES, *more) if canary in text]


def test_the_search_finds_what_is_there() -> None:
    assert found([f"x {SECRETS['WEBHOOK_TOKEN']}", json.dumps(NAME), f"+98{MOBILE[1:]}"]) == [
        SECRETS["WEBHOOK_TOKEN"],
        "قناری",
        MOBILE[1:],
    ]


@pytest.fixture
def canary(program: Program) -> Program:
    """The program with canaries for secrets; the server that the tests run takes any password."""
    url = program.environment["DATABASE_URL"].replace("postgres:@", f"postgres:{IN_DATABASE_URL}@")
    assert IN_DATABASE_URL in url
    program.environment |= SECRETS | {"DATABASE_URL": url, "ENABLE_WEBHOOKS": "true"}
    program.environment |= {"WEBHOOK_BASE_URL": f"http://127.0.0.1:{program.environment['PORT']}"}
    program.environment |= {"LOG_LEVEL": "debug", "HTTP_TIMEOUT_SECONDS": "1", "MAX_RETRY_ATTEMPTS": "1"}
    return program


class Database:
    """The program's database, as somebody else sees it."""

    def __init__(self, url: str) -> None:
        self.connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)

    def rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql).fetchall()

    def sessions(self) -> list[str]:
        """The session tokens of both systems as they are now."""
        stored = self.rows('SELECT session FROM "RemoteSystem" WHERE session IS NOT NULL')
        parts = [(session["token"], *session["attributes"].values()) for (session,) in stored]
        return [part for some in parts for part in some if len(part) > 8]

    def quote_customers(self) -> None:
        """Let whatever ends a sync fail with an error that quotes the customer."""
        self.connection.execute(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f""" RAISE EXCEPTION '{ABOUT_A_CUSTOMER} %', NEW."sourceData"; END $$"""
        )
        self.connection.execute(
            'CREATE TRIGGER tell BEFORE UPDATE ON "SyncLog" FOR EACH ROW'
            """ WHEN (NEW.status IN ('SUCCESS', 'FAILED')) EXECUTE FUNCTION tell()"""
        )

    def quote_deliveries(self) -> None:
        self.connection.execute(
            "CREATE FUNCTION tell_delivery() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f""" RAISE EXCEPTION '{ABOUT_A_CUSTOMER} %', NEW.payload; END $$"""
        )
        self.connection.execute(
            'CREATE TRIGGER tell_delivery BEFORE INSERT ON "WebhookDelivery" FOR EACH ROW'
            " EXECUTE FUNCTION tell_delivery()"
        )

    def end_all_connections(self) -> None:
        self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.connection.close()


def person(box: Sandbox, number: int) -> str:
    phones = [{"default": True, "phoneType": "Mobile", "phoneNumber": f"{MOBILE}{number:04}"}]
    return box.crm.add_customer(
        "person",
        nickName=f"{NAME} {number}",
        customerNumber=str(number),
        nationalCode=f"{NATIONAL_ID}{number:04}",
        phoneContacts=phones,
        deliver=False,
    )


FAULTS = {
    "500 with the customer in its body": Fault(FaultKind.STATUS, "crm", "person/get", text=ABOUT_A_CUSTOMER),
    "400 with the customer in its body": Fault(
        FaultKind.STATUS, "crm", "person/get", status=400, text=ABOUT_A_CUSTOMER
    ),
    "HTML with the customer in it": Fault(FaultKind.HTML_BODY, "crm", "person/get", text=ABOUT_A_CUSTOMER),
    "broken JSON of a read": Fault(FaultKind.BROKEN_BODY, "crm", "person/get"),
    "broken JSON of a write": Fault(FaultKind.BROKEN_BODY, "finance", effect="write"),
    "silence": Fault(FaultKind.TIMEOUT, "finance", effect="write", after=True),
    "cut off": Fault(FaultKind.RESET_MIDWAY, "crm", "person/get"),
    "locked out": Fault(FaultKind.STATUS, "crm", "person/get", status=403, text=ABOUT_A_CUSTOMER),
    "refused login": Fault(FaultKind.UNAUTHORIZED, "crm", "person/get", text=ABOUT_A_CUSTOMER),
    "finance 500": Fault(FaultKind.STATUS, "finance", effect="write", text=ABOUT_A_CUSTOMER),
}


@asynccontextmanager
async def listening(canary: Program) -> AsyncIterator[tuple[list[str], httpx2.AsyncClient]]:
    """The engine, all that it says, and a client that knows the secrets."""
    address = canary.environment["WEBHOOK_BASE_URL"]
    login = basic("any", SECRETS["DASHBOARD_PASSWORD"])
    async with (
        canary.running("start") as running,
        httpx2.AsyncClient(base_url=address, headers=login, timeout=30) as client,
    ):
        yield running.lines, client


async def tell(client: httpx2.AsyncClient, crm_id: str) -> str:
    """A delivery as the CRM makes it, and whatever is answered to it."""
    query = {"id": crm_id, "event": "Update", "type": "Identity", "subtype": NAME}
    answer = await client.get(f"/webhook/crm/identity/{SECRETS['WEBHOOK_TOKEN']}", params=query)
    return f"{answer.headers} {answer.text}"


async def watched(client: httpx2.AsyncClient) -> list[str]:
    """What monitoring sees."""
    paths = ("/health", "/ready", "/metrics", "/api/v1/status", "/api/docs", "/api/openapi.json")
    return [(await client.get(path)).text for path in paths]


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_nothing_is_said_while_everything_fails(
    canary: Program, box: Sandbox, database: Database, log_format: str
) -> None:
    canary.environment["LOG_FORMAT"] = log_format
    said: list[str] = []
    async with listening(canary) as (lines, client):
        for number, fault in enumerate(FAULTS.values(), start=1):
            box.faults.add(fault)
            crm_id = person(box, number)
            said.append(await tell(client, crm_id))

            async def met(fault: Fault = fault) -> bool:
                return fault.hits > 0

            await until(met)
        said += await watched(client)
        box.faults.clear()
        # Finance refuses the customer and quotes it.
        box.finance.add_contact(Name=NAME, MobileNo=f"{MOBILE}0080")
        said.append(await tell(client, person(box, 80)))

        async def refused() -> bool:
            return bool(database.rows("""SELECT 1 FROM "SyncLog" WHERE reason = 'DUPLICATE_PHONE'"""))

        await until(refused)
        # The database goes away while finance is writing.
        slow = box.faults.add(Fault(FaultKind.LATENCY, "finance", effect="write", seconds=0.5))
        said.append(await tell(client, person(box, 90)))

        async def writing() -> bool:
            return slow.hits > 0

        await until(writing)
        database.end_all_connections()
        # A defect, whose text quotes a customer, at the end of every sync.
        database.quote_customers()
        said.append(await tell(client, person(box, 91)))

        async def defect() -> bool:
            return any("sync.defect" in line for line in lines)

        await until(defect, seconds=60)
        for garbage in (f"id={NAME}", f"id=0&type={NAME}", "id="):
            path = f"/webhook/crm/identity/{SECRETS['WEBHOOK_TOKEN']}?{garbage}"
            said.append((await client.get(path)).text)
        said.append((await client.post("/webhook/crm", content=f'{{"eventType":"{NAME}"')).text)
        said += [(await client.get(f"/api/v1/syncs?status={NAME}&limit={MOBILE}")).text.replace(NAME, "")]
        database.quote_deliveries()
        said.append(await tell(client, person(box, 92)))
        assert any("webhook.not_stored" in line for line in lines)
        said += await watched(client)
        tokens = database.sessions()
    said += lines
    # They did come through, and the sync log, which is for operators, has them.
    assert tokens and found([str(row) for row in database.rows('SELECT * FROM "SyncLog"')])
    assert found(said, tokens) == []


async def test_nothing_is_said_by_a_worker_that_is_killed(
    canary: Program, box: Sandbox, database: Database
) -> None:
    hanging = box.faults.add(Fault(FaultKind.TIMEOUT, "finance", effect="write", after=True))
    process = await canary.start("start", HTTP_TIMEOUT_SECONDS="30")
    address = canary.environment["WEBHOOK_BASE_URL"]
    async with httpx2.AsyncClient(base_url=address) as client:

        async def up() -> bool:
            try:
                return (await client.get("/health")).status_code == 200
            except httpx2.TransportError:
                return False

        await until(up)
        await tell(client, person(box, 1))

    async def writing() -> bool:
        return hanging.hits > 0

    await until(writing)
    process.send_signal(signal.SIGKILL)
    out, err = await process.communicate()
    assert found([out.decode(), err.decode()], database.sessions()) == []
    assert b"hamgam.started" in err


async def test_nothing_is_said_by_commands(canary: Program, box: Sandbox, database: Database) -> None:
    crm_id = person(box, 80)
    box.finance.add_contact(Name=NAME, MobileNo=f"{MOBILE}0080")
    await canary.run("webhooks", "register", WEBHOOK_SECRET="")
    ended = [await canary.run("sync", "customer", crm_id, "--json")]
    assert ended[0].status == 1 and NAME not in ended[0].err
    shown = [
        ("status", "--json"),
        ("status",),
        ("check-apis", "--json"),
        ("check-apis",),
        ("db", "check", "--json"),
        ("db", "upgrade"),
        ("db", "backup", "canary.dump"),
        ("webhooks", "list", "--json"),
        ("webhooks", "list"),
        ("webhooks", "remove", SECRETS["WEBHOOK_TOKEN"][::-1]),
        ("retry", crm_id),
        ("retry", "--all-failed"),
        ("initial-import", "--limit", "1"),
    ]
    ended = [await canary.run(*arguments, WEBHOOK_SECRET="") for arguments in shown]
    assert found(everything(ended), database.sessions()) == []
    assert "***" in ended[7].out


async def test_a_defect_in_a_command_is_told_by_its_place(
    canary: Program, box: Sandbox, database: Database
) -> None:
    await canary.run("db", "upgrade")
    database.quote_customers()
    crm_id = person(box, 1)
    done = await canary.run("sync", "customer", crm_id)
    assert (done.status, done.out) == (1, "")
    assert "a defect of hamgam" in done.err and "runner.py" in done.err
    assert found([done.err], database.sessions()) == []


_DATABASES = (
    "me:canary-wrong-password@127.0.0.1:99999/x",
    "me:canary-wrong-password@127.0.0.1:port/x",
    "me:canary-wrong-password@[::1/x",
    "me:canary-wrong-password@127.0.0.1/x?nonsense=1",
    "me:canary-wrong-password/with a blank@127.0.0.1/x",
    "me:canary-wrong-password/with-a-slash@127.0.0.1/x",
    "me:%zz-canary-wrong-password@127.0.0.1/x",
)
REFUSED: list[dict[str, str]] = [
    {"FINANCE_PASSWORD": "A" * 32, "FINANCE_PASSWROD": "canary-wrong-password"},
    {"FINANCE_PASSWORD": "canary-wrong-password"},
    {"WEBHOOK_TOKEN": "canary-wrong-password/with?odd#letters"},
    {"WEBHOOK_SECERT": "canary-wrong-password"},
    {"CRM_PASSWORD_FILE": "canary-wrong-password/of/a/file", "CRM_PASSWORD": ""},
    {"CRM_PASSWORD_FILE": ".", "CRM_PASSWORD": "canary-wrong-password"},
    *({"DATABASE_URL": f"postgresql://{rest}"} for rest in _DATABASES),
    {"DATABASE_URL": "mysql://me:canary-wrong-password@127.0.0.1/x"},
    {"DATABASE_URL": "postgresql://me:canary-wrong-password@127.0.0.1:1/x?sslmode=nonsense"},
    {"CRM_API_BASE_URL": "http://me:canary-wrong-password@crm.example.com"},
    {"CRM_API_BASE_URL": "canary-wrong-password"},
    {"PORT": "canary-wrong-password"},
]


@pytest.mark.parametrize("wrong", REFUSED, ids=range(len(REFUSED)))
def test_wrong_settings_are_told_without_what_is_in_them(folder: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError) as refused:
        load_settings(wrong, folder)
    assert found([str(refused.value)]) == [] and len(str(refused.value)) > 20


UNUSABLE = [
    {"CRM_PASSWORD": "canary-wrong-password"},
    {"DATABASE_URL": "postgresql://me:canary-wrong-password@127.0.0.1:1/x"},
]


@pytest.mark.parametrize("wrong", UNUSABLE, ids=range(len(UNUSABLE)))
async def test_what_cannot_be_used_is_told_without_its_secret(
    canary: Program, database: Database, wrong: dict[str, str]
) -> None:
    ended = await canary.run("check-apis", **wrong)
    assert ended.status == 3, ended.err
    assert found(everything([ended]), database.sessions()) == []


async def test_a_secret_file_that_cannot_be_used(canary: Program) -> None:
    (canary.folder / "secret").write_bytes(b"canary-wrong-password\xff")
    (canary.folder / ".env").write_text(
        "CRM_PASSWORD='canary-wrong-password\nFINANCE_PASSWORD canary-wrong-password\n"
    )
    ended = await canary.run("status", CRM_PASSWORD_FILE="secret", CRM_PASSWORD="")
    assert ended.status == 2
    assert found(everything([ended])) == []


def everything(ended: Iterable[Ended]) -> list[str]:
    return [text for each in ended for text in (each.out, each.err)]
