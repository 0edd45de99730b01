"""Deliveries in both shapes, their spellings, their senders, and that one commit makes them durable."""

import hashlib
import hmac
import itertools
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.intake import webhook
from hamgam.intake.webhook import BadDelivery, parse_json, parse_query
from hamgam.model import Entity, Kind, Trigger

GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
SPELLINGS = [
    GUID,
    GUID.upper(),
    f"{{{GUID}}}",
    f"({GUID})",
    f"urn:uuid:{GUID}",
    GUID.replace("-", ""),
    f"  {GUID.upper()}\n",
]
PERSON_SPELLINGS = ["شخص حقیقی", "شخص حقيقي", "حقيقی", "مشتری\u200cحقیقی", "حَقیقی"]
ORGANIZATION_SPELLINGS = ["شخص حقوقی", "حقوقي", "مشتری حقوقى ویژه"]


_numbers = itertools.count()


def count_up(_: object) -> str:
    return str(next(_numbers))


def body(**values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def nested(event: object = "customer.updated", **data: object) -> bytes:
    return body(eventId="1", eventType=event, timestamp="now", data={"id": GUID} | data)


def flat(entity: object = "Customer", **more: object) -> bytes:
    return body(eventId="1", entityType=entity, entityId=GUID, action="updated", **more)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_an_id_is_one_entity(spelling: str) -> None:
    notices = [
        parse_json(nested(id=spelling)),
        parse_json(body(entityType="person", entityId=spelling)),
        parse_query({"id": spelling, "type": "Identity"}),
    ]
    assert {str(notice.key) for notice in notices} == {f"customer:{GUID}"}
    assert {notice.trigger for notice in notices} == {Trigger.WEBHOOK}


@pytest.mark.parametrize(
    ("word", "entity", "kind"),
    [
        ("customer", Entity.CUSTOMER, None),
        ("Identity", Entity.CUSTOMER, None),
        ("PERSON", Entity.CUSTOMER, Kind.PERSON),
        ("organization", Entity.CUSTOMER, Kind.ORGANIZATION),
        ("Invoice", Entity.INVOICE, None),
        ("quote", Entity.QUOTE, None),
    ],
)
def test_entities_in_every_shape(word: str, entity: Entity, kind: Kind | None) -> None:
    for notice in (
        parse_json(nested(f"{word}.created")),
        parse_json(flat(word)),
        parse_query({"id": GUID, "type": word}),
    ):
        assert (notice.key.entity, notice.kind) == (entity, kind)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Person", Kind.PERSON),
        (1, Kind.PERSON),
        ("۱", Kind.PERSON),
        ("organization", Kind.ORGANIZATION),
        (2, Kind.ORGANIZATION),
        ("٢", Kind.ORGANIZATION),
        (3, None),
        (True, None),
        (None, None),
        ("company", None),
        ({"a": 1}, None),
    ],
    ids=repr,
)
def test_the_kind_that_json_says(said: object, kind: Kind | None) -> None:
    assert parse_json(nested(identityType=said)).kind is kind
    assert parse_json(flat(identityType=said)).kind is kind


@pytest.mark.parametrize(
    ("subtype", "kind"),
    [
        *((name, Kind.PERSON) for name in PERSON_SPELLINGS),
        *((name, Kind.ORGANIZATION) for name in ORGANIZATION_SPELLINGS),
        ("مشتری ویژه", None),
        ("حقیقی یا حقوقی", None),
        ("", None),
    ],
)
def test_the_kind_that_a_subtype_says(subtype: str, kind: Kind | None) -> None:
    assert parse_query({"id": GUID, "type": "Identity", "subtype": subtype}).kind is kind


def test_a_document_has_no_kind() -> None:
    assert parse_query({"id": GUID, "type": "Invoice", "subtype": "حقیقی"}).kind is None


@pytest.mark.parametrize("event", ["Insert", "Update", "Delete", "0", "1", "2", "۲", "anything"])
def test_every_event_leads_to_a_look(event: str) -> None:
    notice = parse_query({"event": event, "id": GUID}, Entity.QUOTE)
    assert notice.key.entity is Entity.QUOTE
    assert notice.payload == {"event": event, "id": GUID}


def test_what_the_body_says_wins_over_the_address() -> None:
    assert parse_json(flat("invoice"), Entity.CUSTOMER).key.entity is Entity.INVOICE
    assert parse_json(body(entityId=GUID), Entity.QUOTE).key.entity is Entity.QUOTE


def test_our_own_transaction_is_recognised() -> None:
    ours = UUID("11111111-2222-4333-8444-555555555555")
    for notice in (
        parse_json(flat(transactionId=str(ours).upper())),
        parse_json(nested(transactionId=str(ours))),
        parse_query({"id": GUID, "type": "quote", "transactionId": str(ours)}),
    ):
        assert notice.transaction_id == ours
    assert parse_json(flat(transactionId="nobody's")).transaction_id is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"\xff\xfe{}", "body"),
        (b'"text"', "body"),
        (b"[]", "body"),
        (b"{" * 100, "body"),
        (b"[" * 100_000, "body"),
        (b'{"a": ' * 50_000, "body"),
        (b"{}", "eventType"),
        (nested("product.updated"), "eventType"),
        (nested(7), "eventType"),
        (flat("product"), "entityType"),
        (flat(None), "entityType"),
        (flat(["customer"]), "entityType"),
        (nested(id=None), "data.id"),
        (nested(id=""), "data.id"),
        (nested(id=17), "data.id"),
        (nested(id="17"), "data.id"),
        (nested(id=GUID + "0"), "data.id"),
        (nested(id="۳" + GUID[1:]), "data.id"),
        (nested(id="00000000-0000-0000-0000-000000000000"), "data.id"),
        (body(eventType="customer.updated", data=[GUID]), "entityId"),
        (body(entityType="customer"), "entityId"),
    ],
    ids=count_up,
)
def test_a_body_that_names_no_entity_is_told_by_field(raw: bytes, field: str) -> None:
    with pytest.raises(BadDelivery, match=rf"^{field}: [^\n]+$"):
        parse_json(raw)


@pytest.mark.parametrize(
    ("params", "field"),
    [({"id": GUID}, "type"), ({"type": "quote"}, "id"), ({"type": "x", "id": GUID}, "type")],
)
def test_a_query_that_names_no_entity_is_told_by_field(params: dict[str, str], field: str) -> None:
    with pytest.raises(BadDelivery, match=rf"^{field}: "):
        parse_query(params)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_json(b"\xef\xbb\xbf" + flat()).key.crm_id == GUID


def test_the_last_of_two_equal_keys_counts() -> None:
    raw = b'{"entityType": "product", "entityType": "quote", "entityId": "%s"}' % GUID.encode()
    assert parse_json(raw).key.entity is Entity.QUOTE


def test_the_token_is_not_kept() -> None:
    assert "token" not in parse_query({"id": GUID, "type": "quote", "token": "t"}).payload


def test_a_large_body_keeps_its_head_only() -> None:
    notice = parse_json(flat(data="x" * 20_000))
    assert notice.payload["entityType"] == "customer"
    assert len(json.dumps(notice.payload)) < 500


ODD = [
    flat(note="a\x00b", **{"k\x00": 1}),
    flat(number=10**300, deep=[[[[[[[[[[[["x"]]]]]]]]]]]]),
    flat().replace(b'"1"', b"1e999999"),
    flat().replace(b'"1"', b"-0.10000000000000000000001"),
]


@pytest.mark.parametrize("raw", ODD, ids=count_up)
async def test_odd_payloads_are_stored(db: Database, raw: bytes) -> None:
    await webhook.accept(db, parse_json(raw))
    stored = (await db.execute(text('SELECT payload FROM "WebhookDelivery"'))).scalar_one()
    assert stored["entityId"] == GUID


async def test_a_delivery_and_its_job_are_one_commit(db: Database) -> None:
    notice = parse_json(nested("person.updated"))
    await webhook.accept(db, notice)
    await webhook.accept(db, notice)
    jobs = await db.execute(text("SELECT lock, args->>'kind' FROM procrastinate_jobs"))
    assert [tuple(job) for job in jobs] == [(f"customer:{GUID}", "person")]
    assert (await db.execute(text('SELECT count(*) FROM "WebhookDelivery"'))).scalar_one() == 2


async def test_nothing_is_kept_of_a_delivery_whose_job_fails(db: Database) -> None:
    await db.execute(text("ALTER TABLE procrastinate_jobs ADD CHECK (lock <> 'customer:" + GUID + "')"))
    with pytest.raises(Exception, match="check constraint"):
        await webhook.accept(db, parse_json(flat()))
    assert (await db.execute(text('SELECT count(*) FROM "WebhookDelivery"'))).scalar_one() == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"id": 234}', "234"),
        (b'{"data": {"id": "234"}}', "234"),
        (b'{"code": " 234 "}', "234"),
        (b'{"entityId": "2\\u00003"}', "2\ufffd3"),
    ],
    ids=count_up,
)
def test_the_contact_that_finance_names(raw: bytes, code: str) -> None:
    assert webhook.finance_id(raw) == code


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"id": null}', "id"),
        (b'{"id": " "}', "id"),
        (b"{}", "id"),
        (b"[]", "body"),
        (b"\xff", "body"),
        (b"", "body"),
    ],
    ids=count_up,
)
def test_a_delivery_of_finance_that_names_no_contact(raw: bytes, field: str) -> None:
    with pytest.raises(BadDelivery, match=f"^{field}: "):
        webhook.finance_id(raw)


def signed(secret: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@given(st.text(min_size=1, alphabet=st.characters(codec="utf-8")), st.binary())
def test_only_the_right_signature_is_right(secret: str, raw: bytes) -> None:
    right = signed(secret, raw)
    assert webhook.verify_signature(secret, raw, right)
    assert webhook.verify_signature(secret, raw, right.upper().replace("SHA256", "sha256"))
    assert not webhook.verify_signature(secret, raw + b" ", right)
    assert not webhook.verify_signature(secret + "x", raw, right)
    assert not webhook.verify_signature(secret, raw, right.removeprefix("sha256="))
    assert not webhook.verify_signature(secret, raw, right[:-1])


@given(st.text())
def test_a_header_of_any_kind_is_only_wrong(header: str) -> None:
    assert not webhook.verify_signature("secret", b"{}", header)
    assert not webhook.verify_token("secret", header + "x")
    assert not webhook.verify_token("", header)


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists)
    .map(json.dumps)
    .map(str.encode)
)
def test_garbage_is_a_bad_delivery(raw: bytes) -> None:
    with pytest.raises(BadDelivery):
        parse_json(raw)


_LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.just(GUID) | st.just("customer.updated")
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
_NAMES = st.sampled_from(
    ["data", "eventType", "entityType", "entityId", "identityType", "transactionId", "x"]
)


@given(st.dictionaries(_NAMES, _VALUES | st.fixed_dictionaries({"id": _VALUES, "identityType": _VALUES})))
def test_any_object_is_read_or_refused(arrived: dict[str, Any]) -> None:
    try:
        notice = parse_json(json.dumps(arrived).encode())
    except BadDelivery:
        return
    assert notice.key.crm_id == GUID
    assert "\\u0000" not in json.dumps(notice.payload)
