import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from aiohttp import web

EVENTS = ["customer.created", "customer.updated", "invoice.created", "invoice.updated"]


class Listener:
    """The engine's side: keeps what is delivered."""

    def __init__(self):
        self.got = []
        self.status = 202

    async def handle(self, request):
        self.got.append(
            (request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        )
        return web.Response(status=self.status)


@pytest.fixture
async def listener():
    listener = Listener()
    runner = web.ServerRunner(web.Server(listener.handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield listener
    await runner.cleanup()


async def register(crm, url, events=EVENTS):
    return await crm.call("/api/webhooks", {"url": url, "events": events})


async def test_registrations_are_listed_and_removed(crm):
    status, made = await register(crm, "http://127.0.0.1:1/hook")
    assert status == 200 and made["events"] == EVENTS
    assert await crm.call("/api/webhooks", method="GET") == (200, [made])
    assert await crm.call(f"/api/webhooks/{made['id']}", method="DELETE") == (204, None)
    assert (await crm.call(f"/api/webhooks/{made['id']}", method="DELETE"))[0] == 404
    assert await crm.call("/api/webhooks", method="GET") == (200, [])


@pytest.mark.parametrize(
    ("url", "events"),
    [("nowhere", EVENTS), ("http://127.0.0.1:1", []), ("http://127.0.0.1:1", ["person.made"])],
)
async def test_bad_registrations(crm, url, events):
    assert (await register(crm, url, events))[0] == 400


async def test_an_installation_without_the_api(box, crm):
    for refusal in (404, 405):
        box.crm.mood = replace(box.crm.mood, webhook_api=False, webhook_refusal=refusal)
        assert (await register(crm, "http://127.0.0.1:1"))[0] == refusal
        assert (await crm.call("/api/webhooks", method="GET"))[0] == refusal


async def test_events_that_this_build_does_not_offer(box, crm):
    box.crm.mood = replace(box.crm.mood, webhook_events=frozenset(EVENTS))
    assert (await register(crm, "http://127.0.0.1:1", [*EVENTS, "quote.created"]))[0] == 400


async def test_the_nested_shape_is_signed(box, crm, listener):
    await register(crm, listener.url + "/webhook/crm")
    crm_id = box.crm.add_customer("organization", nickName="ش")
    await box.crm.deliveries_settled()
    [(method, path, _, headers, body)] = listener.got
    payload = json.loads(body)
    assert (method, path) == ("POST", "/webhook/crm")
    assert payload["eventType"] == "customer.created" and payload["eventId"] and payload["timestamp"]
    assert payload["data"] == {"id": crm_id, "identityType": "Organization"}
    assert "transactionId" not in payload
    digest = hmac.new(box.crm.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Signature"] == f"sha256={digest}"
    assert [(entry.url, entry.status) for entry in box.crm.delivery_log] == [
        (listener.url + "/webhook/crm", 202)
    ]


async def test_the_flat_shape_without_a_signature(box, listener):
    box.crm.mood = replace(box.crm.mood, webhook_shape="flat", webhook_signed=False)
    box.crm.webhook_targets["json"] = listener.url
    crm_id = box.crm.add_customer("person", nickName="م", deliver=False)
    box.crm.edit(crm_id, nickName="ن")
    await box.crm.deliveries_settled()
    [(_, _, _, headers, body)] = listener.got
    payload = json.loads(body)
    del payload["eventId"]
    assert payload == {
        "entityType": "customer",
        "entityId": crm_id,
        "action": "updated",
        "identityType": "Person",
    }
    assert "X-Webhook-Signature" not in headers


async def test_the_query_shapes_of_every_entity(box, listener):
    box.crm.mood = replace(box.crm.mood, webhook_shape="query")
    for name in ("identity", "invoice", "quote"):
        box.crm.webhook_targets[name] = f"{listener.url}/{name}?token=s%26x"
    box.crm.webhook_targets["json"] = listener.url
    customer = box.crm.add_customer("person", nickName="م")
    invoice = box.crm.add_document("invoice", customer, [])
    quote = box.crm.add_document("quote", customer, [], deliver=False)
    box.crm.mood = replace(box.crm.mood, webhook_shape="query_numeric")
    await box.crm.deliveries_settled()
    box.crm.delete(quote)
    await box.crm.deliveries_settled()
    by_path = {path: (method, query) for method, path, query, _, _ in listener.got}
    assert set(by_path) == {"/identity", "/invoice", "/quote"}
    assert by_path["/identity"][0] == "GET"
    assert {query["token"] for _, query in by_path.values()} == {"s&x"}
    assert by_path["/identity"][1]["type"] == "Identity" and "حقیقی" in by_path["/identity"][1]["subtype"]
    assert by_path["/invoice"][1]["id"] == invoice and by_path["/invoice"][1]["type"] == "Invoice"
    assert by_path["/quote"][1]["event"] == "0" and by_path["/quote"][1]["id"] == quote


@pytest.mark.parametrize(
    ("shape", "tells", "event", "subtype"),
    [("query", True, "Insert", "مشتری حقوقی"), ("query_numeric", False, "2", "مخاطبان")],
)
async def test_words_of_the_query_shapes(box, listener, shape, tells, event, subtype):
    box.crm.mood = replace(box.crm.mood, webhook_shape=shape, subtype_names_kind=tells)
    box.crm.webhook_targets["identity"] = listener.url
    box.crm.add_customer("organization", nickName="ش")
    await box.crm.deliveries_settled()
    assert (listener.got[0][2]["event"], listener.got[0][2]["subtype"]) == (event, subtype)


async def test_writes_by_the_api_echo_their_transaction(box, crm, listener):
    await register(crm, listener.url)
    await crm.verb("person/create", {"nickName": "ا"}, **{"X-Transaction-Id": "t-0"})
    await box.crm.deliveries_settled()
    box.crm.mood = replace(box.crm.mood, echo_transaction=True)
    await crm.verb("person/create", {"nickName": "م"}, **{"X-Transaction-Id": "t-1"})
    await box.crm.deliveries_settled()
    await crm.verb("person/create", {"nickName": "ن"})
    await box.crm.deliveries_settled()
    assert [json.loads(got[4]).get("transactionId") for got in listener.got] == [None, "t-1", None]


async def test_only_registered_events_and_asked_for_deliveries(box, crm, listener):
    await register(crm, listener.url, ["customer.updated"])
    crm_id = box.crm.add_customer("person", nickName="م")
    box.crm.edit(crm_id, deliver=False, nickName="ن")
    box.crm.add_document("invoice", crm_id, [])
    await box.crm.deliveries_settled()
    assert listener.got == []
    await crm.verb("person/update", {"crmId": crm_id, "nickName": "و"})
    await box.crm.deliveries_settled()
    assert len(listener.got) == 1


async def test_doubled_lost_and_failing_deliveries(box, listener):
    box.crm.webhook_targets["json"] = listener.url
    box.crm.mood = replace(box.crm.mood, webhook_copies=2)
    box.crm.add_customer("person", nickName="م")
    await box.crm.deliveries_settled()
    assert len(listener.got) == 2
    box.crm.mood = replace(box.crm.mood, webhook_copies=0)
    box.crm.add_customer("person", nickName="م")
    await box.crm.deliveries_settled()
    assert len(listener.got) == 2
    box.crm.mood = replace(box.crm.mood, webhook_copies=1)
    listener.status = 503
    box.crm.add_customer("person", nickName="م")
    box.crm.webhook_targets["json"] = "http://127.0.0.1:1/closed"
    box.crm.add_customer("person", nickName="م")
    await box.crm.deliveries_settled()
    outcomes = {entry.url: (entry.status, bool(entry.error)) for entry in box.crm.delivery_log[2:]}
    assert outcomes == {listener.url: (503, False), "http://127.0.0.1:1/closed": (None, True)}
