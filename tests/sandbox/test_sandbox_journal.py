import asyncio

from hamgam.sandbox import Fault, FaultKind, Sandbox


async def test_operations_and_effects(box, crm, finance, clock):
    person = await crm.create("person", nickName="م")
    await crm.get("person", person)
    await crm.find()
    await crm.verb("identity/search", {"pageNumber": 0, "pageSize": 1})
    await crm.verb("invoice/sales/delete", {"id": person, "option": 0})
    await crm.call("/api/webhooks", method="GET")
    await crm.call("/api/webhooks", {})
    await crm.call("/api/webhooks/7", method="DELETE")
    await crm.call("/elsewhere", {})
    await finance.rows()
    await finance.save_contact(fullname="م")
    seen = [(entry.system, entry.operation, entry.effect, entry.status) for entry in box.journal.entries]
    assert seen == [
        ("crm", "login", "login", 200),
        ("finance", "login", "login", 200),
        ("crm", "person/create", "write", 200),
        ("crm", "person/get", "read", 200),
        ("crm", "person/find", "read", 200),
        ("crm", "identity/search", "read", 200),
        ("crm", "invoice/sales/delete", "write", 404),
        ("crm", "webhooks/list", "read", 200),
        ("crm", "webhooks/create", "write", 400),
        ("crm", "webhooks/delete", "write", 404),
        ("crm", "/elsewhere", "read", 404),
        ("finance", "GetAll", "read", 200),
        ("finance", "SaveFormData:2BFDA", "write", 200),
    ]
    assert [entry.order for entry in box.journal.entries] == list(range(1, 14))
    assert box.journal.entries[3].body == {"id": person}
    assert box.journal.entries[3].at == clock.now
    assert len(box.journal.calls("crm", "write")) == 4
    assert len(box.journal.calls(operation="GetAll")) == 1


async def test_parallel_requests_are_counted_and_limits_noted(box, crm):
    box.limits = {"crm": (2, None)}
    box.faults.add(Fault(FaultKind.TIMEOUT, operation="person/get", times=3))
    body = {"id": "00000000-0000-4000-8000-000000000000"}
    calls = [asyncio.create_task(crm.verb("person/get", body)) for _ in range(3)]
    await box.journal.wait_for(3, operation="person/get")
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert box.journal.max_parallel("crm") == 3
    assert [(v.system, v.what, v.value, v.limit) for v in box.violations] == [("crm", "parallel", 3, 2)]


async def test_requests_per_second_are_counted_in_a_sliding_window(session):
    now = [100.0]
    async with Sandbox(monotonic=lambda: now[0]) as box:
        box.limits = {"crm": (None, 2)}
        for at in (100.0, 100.5, 101.0, 101.4, 101.9):
            now[0] = at
            async with session.get(box.crm_url + "/x"):
                pass
    assert [(v.what, v.value, v.order) for v in box.violations] == [
        ("per_second", 3, 4),
        ("per_second", 3, 5),
    ]


async def test_clearing_and_forgetting(box, crm, session):
    box.journal.clear()
    assert box.journal.entries == [] and box.journal.max_parallel("crm") == 0
    async with Sandbox(max_entries=10) as small:
        for _ in range(25):
            async with session.get(small.crm_url + "/x"):
                pass
        assert len(small.journal.entries) <= 10
        assert small.journal.entries[-1].order == 25


async def test_control_over_http(box, crm, finance):
    person = await crm.create("person", nickName="م")
    box.finance.add_contact(Name="ع")
    for base in (crm, finance):
        status, state = await base.call("/_sandbox/state", method="GET")
        assert status == 200
        assert state["crm"]["persons"] == state["finance"]["contacts"] == 1
    _, full = await crm.call("/_sandbox/state?full=1", method="GET")
    assert full["crm"]["persons"][person]["nickName"] == "م"
    _, journal = await crm.call("/_sandbox/journal?since=2", method="GET")
    assert [entry["operation"] for entry in journal["entries"]] == ["person/create"]
    assert (await crm.call("/_sandbox/journal?since=x", method="GET"))[0] == 400
    assert (await crm.call("/_sandbox/nothing", method="GET"))[0] == 404
    assert len(box.journal.entries) == 3, "control requests are not journaled"
    await crm.call("/_sandbox/journal", method="DELETE")
    assert box.journal.entries == []


async def test_faults_over_http(box, crm, finance):
    wanted = {"kind": "status", "system": "crm", "operation": "read", "status": 502, "times": None}
    assert (await finance.call("/_sandbox/faults", [wanted]))[0] == 200
    body = {"id": "00000000-0000-4000-8000-000000000000"}
    assert (await crm.verb("person/get", body))[0] == 502
    assert (await crm.call("/_sandbox/faults", method="DELETE"))[0] == 200
    assert (await crm.verb("person/get", body))[0] == 404
    assert (await crm.call("/_sandbox/faults", {"kind": "nonsense"}))[0] == 400
    assert (await crm.call("/_sandbox/faults", {"status": 500}))[0] == 400


async def test_people_over_http(box, crm):
    status, done = await crm.call("/_sandbox/people", {"action": "edit_customer"})
    assert status == 200 and done["what"] == "customer_added"
    _, done = await crm.call("/_sandbox/people", {"action": "add_invoice", "seed": 4})
    assert done["entity"] == "invoice" and done["crm_id"] in box.crm.invoices and done["detail"]
    assert (await crm.call("/_sandbox/people"))[0] == 200
    assert (await crm.call("/_sandbox/people", {"action": "strike"}))[0] == 400
