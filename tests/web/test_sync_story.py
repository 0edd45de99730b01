"""The page of one sync: its story in both languages, for every status, operation and reason."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import text

from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import Direction, Operation, Status, Trigger
from hamgam.people.roles import Role
from hamgam.reasons import SENTENCES
from hamgam.trail.attention import DISMISSED
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed
from tests.web.test_syncs import EVIL

ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")
UNKNOWN = "3f2b0c6e-0000-4000-8000-000000000000"
FIELDS = {"name": "سمیه محمدی", "mobile": "09121234567", "national_id": "0012345678", "description": ""}
CUSTOMER = {
    "id": ID,
    "kind": "person",
    "targetEntityId": "234",
    "sourceData": {"kind": "person", "number": "C-234", "fields": FIELDS, "modifiedAt": NOW.isoformat()},
    "targetDataBefore": FIELDS | {"name": "سميه محمدي", "mobile": "09350000000"},
    "targetDataAfter": FIELDS,
    "triggerPayload": {"eventType": "customer.updated", "data": {"id": GUID}},
}
LINE = {
    "product": "101-7",
    "unit": "عدد",
    "quantity": "2.50",
    "price": "123456789012345678.905",
    "discount": "0",
}
DOCUMENT = {
    "id": ID,
    "entityType": "PREINVOICE",
    "sourceEntity": "invoice",
    "operation": "CREATE",
    "targetEntityId": "9001",
    "sourceData": {"number": "F-17", "customerId": GUID, "finalValue": "1250000.50", "lines": 1},
    "targetDataAfter": {"customer": "234", "net": "308641972530864197.2625", "lines": [LINE]},
}


async def _page(client: httpx2.AsyncClient, lang: str = "en", of: object = ID) -> str:
    answer = await client.get(f"/syncs/{of}?lang={lang}")
    assert answer.status_code == 200
    assert well_formed(answer.text)
    return html.unescape(answer.text)


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_customer_is_told_field_by_field(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    add_sync(**CUSTOMER)
    page, words = await _page(client, lang), WORDS["fa" if lang == "fa" else "en"]
    story = ("sync.notice", "told.CRM_TO_FINANCE.UPDATE", "sync.before", "sync.after", "field.mobile")
    for key in story:
        assert words[key] in page
    assert page.count('<tr class="changed">') == 1
    assert page.count('<tr class="spelling">') == 1
    assert all(value in page for value in (*FIELDS.values(), "09350000000", "customer.updated"))
    assert f'href="/records/customer/{GUID}"' in page


@pytest.mark.parametrize(
    ("lang", "amounts"),
    [
        ("en", ["1,250,000.50", "2.50", "123,456,789,012,345,678.905", "308,641,972,530,864,197.2625"]),
        ("fa", ["۱٬۲۵۰٬۰۰۰٫۵۰", "۲٫۵۰", "۱۲۳٬۴۵۶٬۷۸۹٬۰۱۲٬۳۴۵٬۶۷۸٫۹۰۵", "۳۰۸٬۶۴۱٬۹۷۲٬۵۳۰٬۸۶۴٬۱۹۷٫۲۶۲۵"]),
    ],
)
async def test_a_document_is_told_with_exact_amounts(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str, amounts: list[str]
) -> None:
    add_sync(**DOCUMENT)
    page = await _page(client, lang)
    assert [amount for amount in amounts if amount not in page] == []
    assert f'href="/records/invoice/{GUID}"' in page
    assert "101-7" in page


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_every_status_and_operation_has_a_sentence(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    for number, (status, operation, direction) in enumerate(
        (s, o, d) for s in Status for o in Operation for d in Direction
    ):
        is_open = status in (Status.PENDING, Status.IN_PROGRESS)
        log_id = uuid4()
        add_sync(
            id=log_id,
            status=status,
            operation=operation,
            direction=direction,
            sourceEntityId=str(number),
            **({"completedAt": None, "durationMs": None} if is_open else {}),
        )
        key = f"told.{direction}.{operation}" if status is Status.SUCCESS else f"told.{status}"
        assert words[key] in await _page(client, lang, log_id)


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_what_is_looked_at_again_is_put_off_and_not_done(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    words, log_id = WORDS["fa" if lang == "fa" else "en"], uuid4()
    add_sync(id=log_id, status="SKIPPED", reason="TIME_GATE", operation="NONE")
    page = await _page(client, lang, log_id)
    assert words["told.TIME_GATE"] in page
    assert words["told.SKIPPED"] not in page


async def test_every_reason_says_what_to_do_next(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    for number, reason in enumerate(Reason):
        log_id = uuid4()
        add_sync(id=log_id, status="FAILED", reason=reason, sourceEntityId=str(number))
        page = await _page(client, "fa", log_id)
        said = re.sub(r'<bdi dir="ltr"><code>(.*?)</code></bdi>', r"`\1`", page)
        assert SENTENCES[reason].fa in said
        assert Writer("fa").page_step(reason, "CUSTOMER") in said
        assert f'href="/attention/{log_id}"' in page


async def test_the_way_of_one_attempt(client: httpx2.AsyncClient, add_sync: AddSync, db: Database) -> None:
    await db.execute(
        text(
            """INSERT INTO "WebhookDelivery" (entity, "crmId", "receivedAt") VALUES ('customer', :id, :at)"""
        ),
        [{"id": GUID, "at": NOW - timedelta(seconds=s)} for s in (100, 7, -30)],
    )
    add_sync(
        **CUSTOMER | {"status": "CONFLICT", "reason": "OTHER_CODE", "retryCount": 2, "durationMs": 61_500},
        errorMessage="234 was sent, 236 was written",
        intent={"operation": "UPDATE"},
        resolvedAt=NOW + timedelta(days=1),
        resolvedBy="sara",
        resolution={"absent": ["236", "237"], DISMISSED: "asked by telephone", "retried": True},
    )
    page = await _page(client)
    for shown in (
        "00:29:53", "234 was sent, 236 was written", "61.5 s", "<dd>3</dd>", "sara", "236, 237",
        "asked by telephone", WORDS["en"]["sync.retried"], WORDS["en"]["sync.intent"], "2026-03-22",
    ):  # fmt: skip
        assert shown in page


async def test_a_failure_stays_in_the_story_of_the_sync_that_went_well_in_the_end(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    tried = [
        {"endedAt": NOW.isoformat(), "reason": "SERVER_ERROR", "errorMessage": "finance fell over"},
        {"endedAt": (NOW + timedelta(days=1)).isoformat(), "reason": None, "errorMessage": None},
    ]
    add_sync(**CUSTOMER | {"status": "SUCCESS", "operation": "UPDATE", "attempts": tried})
    page = await _page(client)
    assert "<dd>3</dd>" in page
    before = page[page.index(WORDS["en"]["sync.tried_before"]) :]
    order = [
        before.index(shown)
        for shown in (
            "2026-03-21", SENTENCES[Reason.SERVER_ERROR].en, "finance fell over",
            "2026-03-22", WORDS["en"]["sync.broke_off"],
        )
    ]  # fmt: skip
    assert order == sorted(order)


async def test_what_a_sync_waited_between_its_attempts_is_told_beside_its_work(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    failed = {
        "begunAt": NOW.isoformat(), "endedAt": (NOW + timedelta(seconds=30)).isoformat(),
        "reason": "SERVER_ERROR", "errorMessage": None,
    }  # fmt: skip
    begun = NOW + timedelta(seconds=75)
    ended = {"startedAt": NOW, "completedAt": begun + timedelta(milliseconds=40), "durationMs": 40}
    add_sync(**CUSTOMER | ended, attempts=[failed])
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", await _page(client)))
    assert "Waited 45 s, until 2026-03-21 00:31:15 Ended" in page
    assert "Last attempt took 40 ms" in page
    assert "took 30 s" in page
    told = (await client.get(f"/api/v1/syncs/{ID}/story")).json()
    assert told["begun"] == "2026-03-20T21:01:15Z"
    assert told["waits"] == [{"since": "2026-03-20T21:00:30Z", "until": told["begun"]}]


async def test_a_time_that_an_older_version_has_measured_with_its_waits_is_told_as_such(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    tried = [{"endedAt": (NOW + timedelta(seconds=30)).isoformat(), "reason": "SERVER_ERROR"}]
    at = NOW + timedelta(seconds=75)
    add_sync(**CUSTOMER | {"completedAt": at, "durationMs": 75_000}, startedAt=NOW, attempts=tried)
    page = await _page(client)
    assert WORDS["en"]["sync.duration.all"] in page
    assert WORDS["en"]["sync.waited"] not in page


@pytest.mark.parametrize(
    ("trigger", "payload", "shown"),
    [
        ("WEBHOOK", {"eventType": "customer.updated"}, ["customer.updated"]),
        ("MANUAL", {"by": "sara", "asked": "x"}, ["sara", WORDS["en"]["sync.by"]]),
        ("POLL", {"after": "TIME_GATE"}, [SENTENCES[Reason.TIME_GATE].en, WORDS["en"]["sync.put_off"]]),
        ("IMPORT", {"run": str(ID)}, [f'href="/import/{ID}"']),
    ],
)
async def test_the_notice_says_where_it_came_from(
    client: httpx2.AsyncClient, add_sync: AddSync, trigger: str, payload: dict[str, str], shown: list[str]
) -> None:
    add_sync(id=ID, triggerType=trigger, triggerPayload=payload)
    story = (await _page(client)).partition(WORDS["en"]["sync.raw"])[0]
    assert [part for part in shown if part not in story] == []


async def test_a_write_whose_answer_is_not_known_shows_what_was_to_be_written(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    intent = {"operation": "UPDATE", "fields": FIELDS, "notedAt": (NOW + timedelta(seconds=3)).isoformat()}
    running = {"status": "IN_PROGRESS", "completedAt": None, "durationMs": None, "targetDataAfter": None}
    add_sync(**CUSTOMER | running, intent=intent)
    page = await _page(client)
    words = WORDS["en"]
    assert all(words[key] in page for key in ("sync.sent", "sync.intent", "sync.not_yet"))
    assert page.count('<tr class="changed">') == 1
    assert "2026-03-21 00:30:03" in page
    assert words["sync.answered"] not in page


async def test_what_was_taken_is_told_with_the_answer(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(**CUSTOMER)
    answered = r"<p>" + WORDS["en"]["sync.answered"] + r' <bdi dir="ltr" class="id">234</bdi>'
    assert answered in await _page(client)


NEW = {"operation": "CREATE", "targetDataBefore": None}
NO_KEY = {"sourceData": {"number": "", "fields": {"name": "سمیه محمدی"}}}
TWIN = {"operation": "LINK", "targetEntityId": "234", "sourceData": {"number": "۲۳۴", "fields": FIELDS}}
IMPORTED = {"direction": "FINANCE_TO_CRM", "operation": "CREATE", "triggerType": "IMPORT"}


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (CUSTOMER, ["fields"]),
        (CUSTOMER | {"targetDataBefore": None}, []),
        (CUSTOMER | {"status": "FAILED"}, []),
        (CUSTOMER | {"reason": "DELETED_IN_CRM"}, []),
        (CUSTOMER | NEW, ["nobody"]),
        (CUSTOMER | NEW | NO_KEY, ["no_key"]),
        (CUSTOMER | NEW | {"sourceData": None}, []),
        (CUSTOMER | TWIN, ["same_number", "same_national_id", "fields"]),
        (CUSTOMER | TWIN | {"attempts": [{"endedAt": "2026-03-20T21:00:00Z"}]}, ["fields"]),
        (CUSTOMER | TWIN | {"targetEntityId": "9", "targetDataBefore": {"national_id": "1"}}, ["fields"]),
        (CUSTOMER | IMPORTED, ["not_in_crm"]),
        (DOCUMENT, ["no_document"]),
    ],
    ids=range(12),
)
async def test_a_write_tells_why_it_was_made_and_no_more_than_the_log_knows(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str, row: dict[str, Any], reasons: list[str]
) -> None:
    add_sync(**row)
    page, words = await _page(client, lang), WORDS["fa" if lang == "fa" else "en"]
    said = {key: words[key].partition("{")[0] for key in words if key.startswith("because.")}
    assert [key for key in said if said[key] in page] == [key for key in said if key[8:] in reasons]


async def test_an_update_names_the_fields_that_finance_had_otherwise(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    add_sync(**CUSTOMER)
    assert "Finance had another value in: Mobile." in await _page(client)


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_number_that_finance_gave_a_document_is_no_second_number_of_it(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    add_sync(**DOCUMENT | {"targetDataAfter": {"customer": "234", "number": "1008", "lines": [LINE]}})
    page, words = await _page(client, lang), WORDS["fa" if lang == "fa" else "en"]
    assert page.count(f"<dt>{words['field.number']}</dt>") == 1
    assert f'{words["sync.number_in_finance"]}: <bdi dir="ltr">1008</bdi>' in page
    told = (await client.get(f"/api/v1/syncs/{ID}/story")).json()
    assert (told["read"]["number"], told["numberInFinance"]) == ("F-17", "1008")
    assert "number" not in told["written"]


async def test_the_syncs_of_one_record_lead_to_each_other(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    first, last = uuid4(), uuid4()
    imported = {"direction": "FINANCE_TO_CRM", "sourceEntity": "contact", "sourceEntityId": "234"}
    add_sync(id=first, **imported, targetEntityId=GUID, startedAt=NOW - timedelta(days=1))
    add_sync(**CUSTOMER)
    add_sync(id=last, startedAt=NOW + timedelta(days=1))
    add_sync(sourceEntityId="another", startedAt=NOW + timedelta(minutes=1))
    page = await _page(client)
    assert f'rel="prev" href="/syncs/{first}"' in page
    assert f'rel="next" href="/syncs/{last}"' in page
    assert 'rel="prev"' not in await _page(client, of=first)
    assert f'href="/records/customer/{GUID}"' in await _page(client, of=first)


async def test_purged_rows_say_so_and_others_do_not(
    client: httpx2.AsyncClient, add_sync: AddSync, installation: Installation
) -> None:
    add_sync(id=ID)
    purged = WORDS["en"]["sync.purged"]
    assert purged not in await _page(client)
    installation.clock.now += timedelta(days=366)
    assert purged in await _page(client)


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize(
    "forged", [UNKNOWN, "1", "x" * 5000, "%00", "..%2f..", "۱۲۳", quote(EVIL, safe=""), GUID + "0"]
)
async def test_an_unknown_or_forged_id_is_a_clear_page(
    client: httpx2.AsyncClient, forged: str, lang: str
) -> None:
    answer = await client.get(f"/syncs/{forged}?lang={lang}")
    assert answer.status_code == 404
    told = await client.get(f"/api/v1/syncs/{forged}")
    assert told.status_code in (400, 404)
    assert told.headers["content-type"] == "application/problem+json"
    if "2f" not in forged:
        assert well_formed(answer.text)
        assert WORDS["fa" if lang == "fa" else "en"]["sync.none"] in answer.text


ODD: list[Any] = [
    {"fields": "odd"},
    {"fields": {"name": {"deep": [1]}}},
    {"lines": [1, None, {}]},
    {"lines": "x"},
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("entity", ["customer", "invoice", "of tomorrow"])
async def test_what_another_version_has_stored_is_no_defect(
    client: httpx2.AsyncClient, add_sync: AddSync, odd: Any, entity: str
) -> None:
    data = ("sourceData", "targetDataBefore", "targetDataAfter", "intent", "resolution", "triggerPayload")
    add_sync(id=ID, sourceEntity=entity, reason="OF_TOMORROW", resolvedAt=NOW, **dict.fromkeys(data, odd))
    await _page(client)


async def test_markup_in_data_is_text(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    fields = {"name": EVIL, EVIL: EVIL}
    add_sync(
        id=ID,
        sourceEntityId=EVIL,
        sourceData={"fields": fields, "number": EVIL},
        targetDataAfter=fields,
        errorMessage=EVIL,
        resolvedBy=EVIL,
        resolvedAt=NOW,
        triggerPayload={EVIL: EVIL},
    )
    answer = await client.get(f"/syncs/{ID}?lang=en")
    assert well_formed(answer.text)
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("role", Role)
async def test_viewers_see_that_a_value_changed_and_not_which(
    installation: Installation, db: Database, add_sync: AddSync, role: Role
) -> None:
    add_sync(**CUSTOMER, errorMessage="سمیه 09121234567")
    full = role.may(Role.OPERATOR)
    async with asking_as(role, installation, db) as client:
        page, row = await _page(client), (await client.get(f"/api/v1/syncs/{ID}")).json()
    assert page.count('<tr class="changed">') == 1
    assert [secret in page for secret in ("سمیه", "09121234567", "0012345678")] == [full] * 3
    assert (WORDS["en"]["sync.masked"] in page) is not full
    assert (row["targetDataAfter"] == FIELDS) is full
    assert row["triggerType"] == Trigger.WEBHOOK
