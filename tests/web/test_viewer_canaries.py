"""A viewer walks over all that can be asked: nothing in it says who a customer is."""

import io
import itertools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2
import psycopg
import pytest
from psycopg.types.json import Jsonb

from hamgam.app.web import create_app
from hamgam.db.engine import Database
from hamgam.model import Status
from hamgam.people.roles import Role
from hamgam.persian import search_text
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.routes import SOMETHING, Operation, operations
from tests.web.signed_in import asking_as

NAME, MOBILE, NATIONAL_ID, EMAIL, STREET = (
    "قناری زردپر", "09351230001", "0499370001", "qanari@example.com", "کوچهٔ چکاوک"
)  # fmt: skip
CANARIES = ("قناری", "زردپر", "1230001", "9370001", "۱۲۳۰۰۰۱", "qanari", "چکاوک")
ABOUT = f"{NAME} {MOBILE} {NATIONAL_ID} {EMAIL} {STREET}"
FIELDS = {"name": NAME, "mobile": MOBILE, "national_id": NATIONAL_ID, "email": EMAIL, "address": STREET}
DOCUMENT = {"title": ABOUT, "number": "F-12", "customer": "77", "description": ABOUT, "subject": ABOUT}
DELIVERY = {"eventType": ABOUT, "data": {"id": GUID, "nickName": NAME, "phone": MOBILE}, ABOUT: ABOUT}
CONTACT, RUN, BULK = "77", "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SINGLE = {"run_id": RUN, "bulk_id": BULK, "code": CONTACT, "stream": "person"}


def log(add_sync: AddSync) -> list[str]:
    """A row of every status, of a customer, a document and a contact, full of what nobody may see."""
    ids: list[str] = []
    kinds = (
        ("customer", "CUSTOMER", FIELDS),
        ("invoice", "PREINVOICE", DOCUMENT),
        ("contact", "CUSTOMER", FIELDS),
    )
    for (entity, entity_type, data), status in itertools.product(kinds, Status):
        ids.append(f"{len(ids):08x}-0000-4000-8000-000000000000")
        is_open = status in (Status.PENDING, Status.IN_PROGRESS)
        other = f"{len(ids):08x}-0000-4000-9000-000000000000"
        add_sync(
            id=ids[-1],
            entityType=entity_type,
            sourceEntity=entity,
            sourceEntityId=other if is_open else CONTACT if entity == "contact" else GUID,
            status=status,
            reason="DUPLICATE_PHONE",
            direction="FINANCE_TO_CRM" if entity == "contact" else "CRM_TO_FINANCE",
            targetEntityId="77",
            triggerPayload=DELIVERY,
            sourceData={"fields": data, "subject": ABOUT, "lines": [{"unit": ABOUT, "product": "1"}]},
            targetDataBefore=data | {"name": f"{NAME} یک", ABOUT: ABOUT},
            targetDataAfter=data | {"lines": [{"unit": ABOUT}]},
            intent={"fields": data, "operation": "CREATE", "document": data},
            errorMessage=f"77: {ABOUT}",
            resolution={"note": ABOUT},
        )  # fmt: skip
    return ids


def around_the_log(connection: psycopg.Connection[Any]) -> None:
    search = search_text([NAME, NATIONAL_ID], [MOBILE])
    for entity, record in (("customer", GUID), ("invoice", GUID), ("quote", GUID), ("contact", CONTACT)):
        connection.execute(
            """INSERT INTO "RecordName" (entity, id, kind, name, number, "customerId", search)"""
            """ VALUES (%s, %s, 'person', %s, %s, %s, %s)""",
            [entity, record, NAME, NATIONAL_ID, None if entity == "customer" else GUID, search],
        )
    connection.execute(
        """INSERT INTO "EntityMapping" ("entityType", "crmId", "financeId", "crmEntity", blocked)"""
        """ VALUES ('CUSTOMER', %s, '78', 'customer', %s)""",
        [GUID, ABOUT],
    )
    payload = {"eventType": ABOUT, "data": {"nickName": NAME}}
    connection.execute(
        """INSERT INTO "WebhookDelivery" (entity, "crmId", payload) VALUES ('customer', %s, %s)""",
        [GUID, Jsonb(payload)],
    )
    connection.execute(
        """INSERT INTO "ImportRun" (id, "dryRun", state, trouble, detail, "endedAt", counts, reasons)"""
        """ VALUES (%s, true, 'FAILED', 'UNREACHABLE', %s, %s, '{}', '{}')""",
        [RUN, ABOUT, NOW],
    )
    connection.execute(
        """INSERT INTO "PlannedContact" ("runId", position, code, name, kind, outcome)"""
        """ VALUES (%s, 1, %s, %s, 'person', 'created')""",
        [RUN, CONTACT, NAME],
    )
    connection.execute(
        """INSERT INTO "BulkAction" (id, what, filter, by, "startedAt", total)"""
        """ VALUES (%s, 'retry', '{}', 'Sara', %s, 0)""",
        [BULK, NOW],
    )


@pytest.fixture
def ids(add_sync: AddSync, database_url: str) -> list[str]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        around_the_log(connection)
    return log(add_sync)


def addresses(asked: Operation, ids: list[str]) -> Iterator[str]:
    """Every address of this operation that shows something."""
    if "{entity}" in asked.path:
        for entity, record in (("customer", GUID), ("invoice", GUID), ("quote", GUID), ("contact", CONTACT)):
            yield asked.address(entity=entity, record=record)
    elif "{id" in asked.path or "{log_id}" in asked.path:
        yield from (asked.address(id=each, log_id=each) for each in ids)
    else:
        yield asked.address(**SINGLE)
    if asked.path.endswith("/records"):
        yield from (f"{asked.path}?q={quote(each)}" for each in (NAME, MOBILE, NATIONAL_ID, GUID, CONTACT))
        yield f"{asked.path}?linked=CUSTOMER"
    if asked.path.endswith("/linked"):
        yield f"{asked.path}?type=CUSTOMER"
    if asked.path.endswith("/export"):
        yield from (
            f"{asked.path}?format={kind}&lang={lang}" for kind in ("csv", "xlsx") for lang in ("fa", "en")
        )
    if asked.is_page:
        yield from (f"{asked.address(**SINGLE)}?lang=en&q={quote(ABOUT)}&reason={quote(ABOUT)}",)


def said(answer: httpx2.Response) -> str:
    """All that an answer says: of a sheet, what is packed in it; without what the reader has typed."""
    text = answer.text
    if answer.content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            text = "".join(packed.read(name).decode(errors="replace") for name in packed.namelist())
    for value in answer.request.url.params.values():
        text = (
            text.replace(value, "")
            .replace(quote(value), "")
            .replace(quote(value, safe="").replace("%20", "+"), "")
        )
    return f"{text} {dict(answer.headers)}".replace(SOMETHING, "")


@dataclass
class Walk:
    """What was seen on the way."""

    told: dict[str, list[str]] = field(default_factory=dict)
    """The canaries, by what was asked."""
    empty: set[str] = field(default_factory=set)
    """Operations that never answered with something to look at."""


async def walked(role: Role, installation: Installation, db: Database, ids: list[str], method: str) -> Walk:
    walk = Walk()
    async with asking_as(role, installation, db) as client:
        for operation in operations(create_app(installation.context(db))):
            if operation.method != method:
                continue
            answers = [await client.request(method, address) for address in addresses(operation, ids)]
            if operation.role and all(answer.status_code != 200 for answer in answers):
                walk.empty.add(str(operation))
            found = {canary for answer in answers for canary in CANARIES if canary in said(answer)}
            if found:
                walk.told[str(operation)] = sorted(found)
    return walk


async def test_a_viewer_sees_nobody(installation: Installation, db: Database, ids: list[str]) -> None:
    installation.worker = True
    looked = await walked(Role.VIEWER, installation, db, ids, "GET")
    assert looked.told == {}
    assert looked.empty == NOT_FOR_VIEWERS | NEEDS_THE_SYSTEMS
    assert (await walked(Role.VIEWER, installation, db, ids, "POST")).told == {}


NOT_FOR_VIEWERS = {
    "GET /attention/confirm",
    "GET /attention/{log_id}/settle",
    "GET /import/confirm",
    "GET /people",
    "GET /records/{entity}/{record}/compare",
    "GET /api/v1/people",
    "GET /api/v1/records/{entity}/{record}/compare",
    "GET /api/v1/tokens",
}
NEEDS_THE_SYSTEMS = {
    "GET /connections/subscriptions",
    "GET /api/v1/webhooks",
    "GET /api/v1/attention/{log_id}/finance",
}


async def test_what_the_viewer_does_not_see_is_there(
    installation: Installation, db: Database, ids: list[str]
) -> None:
    looked = await walked(Role.OPERATOR, installation, db, ids, "GET")
    assert set(looked.told) >= {
        "GET /",
        "GET /syncs",
        "GET /syncs/{id:path}",
        "GET /attention",
        "GET /attention/{log_id}",
        "GET /records",
        "GET /records/{entity}/{record}",
        "GET /import/{run_id}",
        "GET /import/{run_id}/contacts",
        "GET /api/v1/syncs",
        "GET /api/v1/syncs/{id}",
        "GET /api/v1/syncs/{id}/story",
        "GET /api/v1/syncs/export",
        "GET /api/v1/attention",
        "GET /api/v1/records",
        "GET /api/v1/records/linked",
        "GET /api/v1/records/{entity}/{record}",
        "GET /api/v1/imports/{run_id}",
        "GET /api/v1/imports/{run_id}/contacts",
    }
