import asyncio
import json

import aiohttp
import pytest

from hamgam.sandbox import Fault, FaultKind, Sandbox

CREATE = "/api/v2/crmobject/person/create"
LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


def fault(kind, **more):
    return Fault(kind, **({"system": "crm", "operation": "person/create"} | more))


async def create(crm):
    return await crm.call(CREATE, {"nickName": "م"})


@pytest.mark.parametrize(
    ("kind", "done"), [(FaultKind.RESET_BEFORE, 0), (FaultKind.RESET_AFTER, 1), (FaultKind.RESET_MIDWAY, 1)]
)
async def test_dropped_connections(box, crm, kind, done):
    box.faults.add(fault(kind))
    with pytest.raises((*LOST, aiohttp.ClientPayloadError)):
        await create(crm)
    assert len(box.crm.persons) == done
    assert (box.journal.entries[-1].status, box.journal.entries[-1].fault) == (0, kind)
    assert (await create(crm))[0] == 200


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (fault(FaultKind.STATUS, status=503), 503),
        (fault(FaultKind.STATUS), 500),
        (fault(FaultKind.UNAUTHORIZED), 401),
    ],
)
async def test_refusals_without_work(box, crm, made, status):
    box.faults.add(made)
    assert (await create(crm))[0] == status
    assert box.crm.persons == {} and box.journal.entries[-1].status == status
    assert (await create(crm))[0] == 200


async def test_rate_limit_says_when_to_come_back(box, crm):
    box.faults.add(fault(FaultKind.RATE_LIMITED, retry_after=2.5))
    headers = {"Authorization": crm.authorization}
    async with crm.session.post(box.crm_url + CREATE, json={}, headers=headers) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "2.5")
    assert box.crm.persons == {}


async def test_bodies_that_are_not_the_answer(box, crm):
    headers = {"Authorization": crm.authorization}
    box.faults.add(fault(FaultKind.BROKEN_BODY))
    box.faults.add(fault(FaultKind.HTML_BODY))
    async with crm.session.post(box.crm_url + CREATE, json={}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        with pytest.raises(json.JSONDecodeError):
            await response.json()
    assert len(box.crm.persons) == 1
    async with crm.session.post(box.crm_url + CREATE, json={}, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/html")
    assert len(box.crm.persons) == 1


async def test_latency_goes_through_the_injected_sleep(session):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    async with Sandbox(sleep=sleep, latency_seconds=0.02) as box:
        box.faults.add(Fault(FaultKind.LATENCY, effect="login", seconds=9))
        async with session.post(box.crm_url + "/api/v2/auth/login", json={}) as response:
            assert response.status == 400
    assert slept == [0.02, 9]


@pytest.mark.parametrize("after", [False, True])
async def test_a_silent_server(box, crm, after):
    box.faults.add(fault(FaultKind.TIMEOUT, after=after))
    waiting = asyncio.create_task(create(crm))
    await box.journal.wait_for(1, operation="person/create")
    assert box.journal.running["crm"] == 1 and box.journal.entries[-1].status is None
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(box.crm.persons) == int(after)


async def test_a_stopping_sandbox_frees_who_waits(session):
    async with Sandbox() as box:
        box.faults.add(Fault(FaultKind.TIMEOUT))
        waiting = asyncio.create_task(session.get(box.crm_url + "/x"))
        await box.journal.wait_for(1)
    with pytest.raises(LOST):
        await waiting


async def test_short_lists(box, crm, finance):
    for name in "abcd":
        box.crm.add_customer(nickName=name)
        box.finance.add_contact(Name=name)
    box.faults.add(Fault(FaultKind.SHORT_LIST, operation="*/find"))
    box.faults.add(Fault(FaultKind.SHORT_LIST, operation="GetAll"))
    found = await crm.find()
    assert (len(found["data"]), found["total"]) == (2, 4)
    assert len(await finance.rows()) == 2
    assert len(await finance.rows()) == 4


async def test_a_long_list_that_breaks_off(box, finance, session):
    for number in range(2000):
        box.finance.add_contact(Name=str(number))
    box.faults.add(Fault(FaultKind.RESET_MIDWAY, operation="GetAll"))
    headers = {"Authorization": finance.authorization}
    async with session.get(box.finance_url + finance.GET_ALL, headers=headers) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_what_a_fault_matches(box, crm, finance):
    made = box.faults.add(Fault(FaultKind.STATUS, system="crm", operation="write", times=2, skip=1))
    statuses = [(await create(crm))[0] for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert made.hits == 2
    forever = box.faults.add(Fault(FaultKind.STATUS, operation="SaveFormData:2BFDA", times=None))
    for _ in range(3):
        body = {"formId": "2BFDA", "ctrlValues": "", "parameters": "", "dataRows": "[]"}
        assert (await finance.call("/BpmsApi/SaveFormData", body))[0] == 500
        assert (await finance.call("/BpmsApi/SaveFormData", body | {"formId": "43D81"}))[0] == 200
    assert forever.hits == 3
    box.faults.clear()
    assert (await finance.call("/BpmsApi/SaveFormData", body))[0] == 200


async def test_two_faults_alike_are_two(box, crm):
    box.faults.add(fault(FaultKind.STATUS))
    box.faults.add(fault(FaultKind.STATUS))
    assert [(await create(crm))[0] for _ in range(3)] == [500, 500, 200]


async def test_a_system_that_is_down_and_comes_back(box, crm):
    url = box.crm_url
    await box.take_down("crm")
    async with aiohttp.ClientSession() as fresh:
        with pytest.raises(aiohttp.ClientConnectorError):
            await fresh.get(url)
    await box.bring_up("crm")
    assert box.crm_url == url
    async with aiohttp.ClientSession() as crm.session:
        assert (await create(crm))[0] == 200
