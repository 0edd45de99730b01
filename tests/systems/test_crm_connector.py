"""The CRM connector when things go wrong, and what it costs in calls."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hamgam.details import Detail
from hamgam.errors import InDoubt, NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import Entity, Kind, ProbeReport, Stream, System
from hamgam.sandbox import CRM_USERNAME, CrmMood, Fault, FaultKind
from hamgam.systems.payamgostar import PayamgostarConnector
from hamgam.systems.payamgostar.client import LIGHT_PAGE_SIZE
from hamgam.systems.payamgostar.login import DEVICE_ID
from hamgam.systems.payamgostar.probe import number_pattern, page_base
from hamgam.systems.payamgostar.wire import LightRow
from tests.fakes import START, Clock, InMemorySessions
from tests.systems.raw import answer, raw_server
from tests.systems.rigs import NOBODY, TRANSACTION, client, crm_connector, sandbox_crm

FIELDS = {"name": "نگار راد", "mobile": "09120000000"}


def fault(kind: FaultKind, operation: str = "person/*", **more: object) -> Fault:
    return Fault(kind, system="crm", operation=operation, **more)  # type: ignore[arg-type]


async def test_one_login_for_all_tasks_and_processes_and_its_body() -> None:
    async with sandbox_crm() as rig:
        crm_id = rig.add()
        others = [crm_connector(rig.box, rig.clock, rig.store) for _ in range(2)]
        connectors = [rig.connector, *others]
        await asyncio.gather(*(each.customer(crm_id, Kind.PERSON) for each in connectors * 4))
        assert rig.box.crm.logins == 1
        [login] = rig.box.journal.calls("crm", operation="login")
        assert (login.body["username"], login.body["deviceId"], login.body["platformType"]) == (
            CRM_USERNAME,
            DEVICE_ID,
            1,
        )
        rig.box.crm.expire_sessions(refresh_tokens=True)
        await asyncio.gather(*(each.customer(crm_id, Kind.PERSON) for each in connectors * 4))
        assert rig.box.crm.logins == 2
        for each in others:
            await each.aclose()


@pytest.mark.parametrize(("works", "logins", "refreshes"), [(True, 1, 1), (False, 2, 0)])
async def test_a_lost_token_is_refreshed_or_replaced(works: bool, logins: int, refreshes: int) -> None:
    async with sandbox_crm(CrmMood(refresh_works=works)) as rig:
        crm_id = rig.add()
        await rig.connector.customer(crm_id, Kind.PERSON)
        rig.box.crm.expire_sessions()
        assert await rig.connector.customer(crm_id, Kind.PERSON) is not None
        assert (rig.box.crm.logins, rig.box.crm.refreshes) == (logins, refreshes)


async def test_a_token_is_renewed_before_it_ends() -> None:
    async with sandbox_crm() as rig:
        crm_id = rig.add()
        await rig.connector.customer(crm_id, Kind.PERSON)
        rig.clock.now += timedelta(seconds=rig.box.crm.token_seconds - 10)
        rig.box.journal.clear()
        await rig.connector.customer(crm_id, Kind.PERSON)
        assert [entry.status for entry in rig.box.journal.entries] == [200, 200]
        assert rig.box.crm.refreshes == 1


async def test_a_token_that_is_born_expired_is_used_all_the_same() -> None:
    async with sandbox_crm() as rig:
        rig.box.crm.token_seconds = 5
        crm_id = rig.add()
        for _ in range(3):
            assert await rig.connector.customer(crm_id, Kind.PERSON) is not None
        assert rig.box.crm.logins == 1


async def test_a_broken_refresh_never_stands_in_the_way_of_a_login() -> None:
    async with sandbox_crm() as rig:
        crm_id = rig.add()
        await rig.connector.customer(crm_id, Kind.PERSON)
        rig.box.crm.expire_sessions()
        rig.box.faults.add(fault(FaultKind.HTML_BODY, "refresh"))
        assert await rig.connector.customer(crm_id, Kind.PERSON) is not None
        assert rig.box.crm.logins == 2


async def test_a_second_401_waits() -> None:
    async with sandbox_crm() as rig:
        rig.box.faults.add(fault(FaultKind.UNAUTHORIZED, times=2))
        with pytest.raises(TryLater) as caught:
            await rig.connector.customer(NOBODY, Kind.PERSON)
        assert caught.value.reason is Reason.SESSION_LOST


async def test_wrong_credentials_never_lock_the_account() -> None:
    async with sandbox_crm() as rig:
        wrong = crm_connector(rig.box, rig.clock, rig.store, password="wrong")
        for _ in range(600):
            with pytest.raises(NeedsOperator) as caught:
                await wrong.customer(NOBODY, Kind.PERSON)
            assert caught.value.reason is Reason.BAD_CREDENTIALS
            rig.clock.tick(1)
        assert rig.box.crm.failed_logins == 3
        assert not rig.box.crm.locked_out
        assert await rig.connector.customer(NOBODY, Kind.PERSON) is None, "the right ones work at once"
        await wrong.aclose()


@pytest.mark.parametrize("state", ["licensed", "locked_out"])
async def test_no_licence_and_a_locked_account_need_a_person(state: str) -> None:
    async with sandbox_crm() as rig:
        setattr(rig.box.crm, state, state == "locked_out")
        expected = Reason.LOCKED_OUT if state == "locked_out" else Reason.NOT_LICENSED
        for _ in range(3):
            with pytest.raises(NeedsOperator) as caught:
                await rig.connector.customer(NOBODY, Kind.PERSON)
            assert caught.value.reason is expected
        assert len(rig.box.journal.calls("crm", operation="login")) == 1


LOST = [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.RESET_MIDWAY]
BROKEN = [FaultKind.BROKEN_BODY, FaultKind.HTML_BODY]


@pytest.mark.parametrize("kind", [*LOST, *BROKEN])
async def test_a_create_without_a_readable_answer_is_in_doubt_and_sent_once(kind: FaultKind) -> None:
    async with sandbox_crm() as rig:
        rig.box.faults.add(fault(kind, "person/create"))
        with pytest.raises(InDoubt) as caught:
            await rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION)
        assert caught.value.reason is (Reason.BROKEN_ANSWER if kind in BROKEN else Reason.ANSWER_LOST)
        assert len(rig.box.journal.calls("crm", effect="write")) == 1


@pytest.mark.parametrize("kind", [*LOST, *BROKEN, FaultKind.RATE_LIMITED, FaultKind.STATUS])
async def test_a_read_that_fails_may_be_repeated(kind: FaultKind) -> None:
    async with sandbox_crm() as rig:
        crm_id = rig.add()
        rig.box.faults.add(fault(kind, "person/get"))
        with pytest.raises(TryLater) as caught:
            await rig.connector.customer(crm_id, Kind.PERSON)
        assert (caught.value.retry_after_seconds is not None) is (kind is FaultKind.RATE_LIMITED)
        assert await rig.connector.customer(crm_id, Kind.PERSON) is not None


async def test_a_server_that_is_down_gets_nothing() -> None:
    async with sandbox_crm() as rig:
        await rig.connector.customer(NOBODY, Kind.PERSON)
        await rig.box.take_down("crm")
        for _ in range(2):
            with pytest.raises(SyncError) as caught:
                await rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION)
        assert isinstance(caught.value, TryLater)
        assert caught.value.reason is Reason.UNREACHABLE
        assert rig.box.crm.persons == {}


async def test_a_refused_create_says_why() -> None:
    async with sandbox_crm(CrmMood(number_unique=True)) as rig:
        rig.add(number="7")
        with pytest.raises(Refused) as caught:
            await rig.connector.create_customer(Kind.PERSON, "7", FIELDS, transaction_id=TRANSACTION)
        assert caught.value.reason is Reason.BAD_REQUEST
        assert "شماره مشتری تکراری است" in caught.value.detail


async def test_what_a_create_sends() -> None:
    async with sandbox_crm() as rig:
        await rig.connector.create_customer(Kind.PERSON, "7", FIELDS, transaction_id=TRANSACTION)
        [entry] = rig.box.journal.calls("crm", effect="write")
        assert entry.transaction_id == str(TRANSACTION)
        assert entry.body == {
            "customerNumber": "7",
            "nickName": "نگار راد",
            "firstName": "",
            "lastName": "نگار راد",
            "phoneContacts": [{"default": True, "phoneType": "Mobile", "phoneNumber": "09120000000"}],
        }


async def test_a_reference_goes_alone_and_needs_its_customer() -> None:
    async with sandbox_crm() as rig:
        crm_id = rig.add()
        await rig.connector.set_reference(crm_id, Kind.PERSON, "22")
        [entry] = rig.box.journal.calls("crm", effect="write")
        assert entry.body == {"crmId": crm_id, "refId": "22"}
        with pytest.raises(Refused) as caught:
            await rig.connector.set_reference(NOBODY, Kind.PERSON, "22")
        assert caught.value.reason is Reason.NOT_IN_CRM


async def test_a_dry_run_reads_and_writes_nothing() -> None:
    async with sandbox_crm(read_only=True) as rig:
        crm_id = rig.add()
        assert await rig.connector.customer(crm_id, None) is not None
        writes = [
            rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION),
            rig.connector.set_reference(crm_id, Kind.PERSON, "1"),
            rig.connector.subscribe("https://hooks.example.com", []),
            rig.connector.unsubscribe("1"),
        ]
        for write in writes:
            with pytest.raises(Refused) as caught:
                await write
            assert caught.value.reason is Reason.DRY_RUN
        assert rig.box.journal.calls("crm", effect="write") == []


async def test_an_api_that_is_not_there_needs_a_person() -> None:
    async with sandbox_crm() as rig:
        rig.box.faults.add(fault(FaultKind.STATUS, "*", status=404, times=None))
        with pytest.raises(NeedsOperator) as caught:
            await rig.connector.customer(NOBODY, Kind.PERSON)
        assert caught.value.reason is Reason.WRONG_ADDRESS
        rig.box.faults.clear()
        await rig.connector.customer(NOBODY, Kind.PERSON)
        rig.box.faults.add(fault(FaultKind.STATUS, "*", status=405, times=None))
        reads = [
            rig.connector.customer(NOBODY, Kind.PERSON),
            rig.connector.newest_change(Stream.PERSON),
            anext(rig.connector.customer_numbers()),
            rig.connector.create_customer(Kind.PERSON, "1", FIELDS, transaction_id=TRANSACTION),
        ]
        for read in reads:
            with pytest.raises(NeedsOperator) as caught:
                await read
            assert caught.value.reason is Reason.NOT_SUPPORTED


async def test_a_webhook_that_the_crm_does_not_let_go_is_not_gone() -> None:
    async with sandbox_crm() as rig:
        made = await rig.connector.subscribe("https://hooks.example.com/webhook/crm", ["customer.updated"])
        assert made is not None
        rig.box.faults.add(fault(FaultKind.STATUS, "webhooks/delete", status=405))
        with pytest.raises(NeedsOperator) as caught:
            await rig.connector.unsubscribe(made.id)
        assert caught.value.reason is Reason.NOT_SUPPORTED
        assert await rig.connector.subscriptions() == [made]


@pytest.mark.parametrize("entity", Entity)
async def test_another_object_than_the_one_asked_for_is_not_believed(entity: Entity) -> None:
    login = b'{"accessToken": "a", "expiresAt": "2099-01-01T00:00:00Z"}'

    async def read(crm_id: str) -> object:
        body = answer(b'{"crmId": "%s", "nickName": "x"}' % crm_id.encode())
        async with raw_server(answer(login), body) as server:
            http = client(server.url, System.CRM)
            crm = PayamgostarConnector(http, InMemorySessions(), "u", "p", Clock())
            try:
                reading = (
                    crm.customer(NOBODY, None) if entity is Entity.CUSTOMER else crm.document(NOBODY, entity)
                )
                return await reading
            finally:
                await crm.aclose()

    assert await read(f" {NOBODY.upper()}"), "an id may be spelled in more than one way"
    with pytest.raises(TryLater) as caught:
        await read("22222222-2222-4222-8222-222222222222")
    assert (caught.value.reason, caught.value.detail) == (Reason.BROKEN_ANSWER, Detail.OTHER_ID())


async def test_one_strange_object_does_not_hide_the_other_changes() -> None:
    async with sandbox_crm() as rig:
        strange, sound = rig.add(name="a"), rig.add(name="b")
        rig.box.crm.edit(strange, deliver=False, description={"not": "a text"})
        seen = [change async for page in rig.connector.changes(Stream.PERSON, START) for change in page]
        assert [change.key.crm_id for change in seen] == [sound, strange]


async def test_a_poll_with_few_changes_is_one_call() -> None:
    async with sandbox_crm(page_size=100) as rig:
        for number in range(300):
            rig.add(name=f"n{number}")
        rig.clock.tick(60)
        since = rig.clock()
        changed = [rig.add(name=f"late {number}") for number in range(10)]
        await rig.connector.newest_change(Stream.PERSON)
        rig.box.journal.clear()
        seen = [change async for page in rig.connector.changes(Stream.PERSON, since) for change in page]
        assert [change.key.crm_id for change in seen] == changed
        assert len(rig.box.journal.entries) == 1


# The site probe


def found(report: ProbeReport) -> dict[str, str]:
    return {finding.code: finding.value for finding in report.findings}


async def test_the_probe_finds_out_what_the_site_does() -> None:
    async with sandbox_crm(CrmMood(webhook_api=False, fraction_digits=0)) as rig:
        for number in range(1001, 1004):
            rig.add(number=f"100-{number}")
        report = await rig.connector.probe()
        findings = found(report)
        assert findings["page_base"] == "0"
        assert findings["page_size"] == "3"
        assert findings["number_pattern"] == "prefix=100- smallest=1001 offset=1000"
        assert findings["find"] == "yes"
        assert findings["webhook_api"] == "no"
        assert findings["ref_id"] == "yes"
        assert findings["date_fractions"] == "0"
        assert int(findings["clock_difference_seconds"]) != 0, "the sandbox's clock is not this machine's"
        assert report.milliseconds.keys() == {"login", "light_list", "find", "get", "webhook_list"}
        assert all(finding.meaning.endswith(".") for finding in report.findings)
        assert rig.box.journal.calls("crm", effect="write") == []


async def test_the_probe_of_an_empty_site() -> None:
    async with sandbox_crm() as rig:
        findings = found(await rig.connector.probe())
        assert (findings["page_base"], findings["number_pattern"]) == ("unknown", "unknown")
        assert (findings["find"], findings["webhook_api"]) == ("yes", "yes")


async def test_the_probe_reports_failures_and_does_not_raise() -> None:
    async with sandbox_crm() as rig:
        rig.add()
        rig.box.faults.add(fault(FaultKind.HTML_BODY, "person/find"))
        report = await rig.connector.probe()
        assert (report.reachable, report.login) == (True, True)
        assert found(report)["find"] == "BROKEN_ANSWER"
        await rig.box.take_down("crm")
        report = await rig.connector.probe()
        assert (report.reachable, report.login) == (False, False), "though the session is still known"
        await rig.box.bring_up("crm")
        wrong = crm_connector(rig.box, rig.clock, type(rig.store)(), password="wrong")
        report = await wrong.probe()
        assert (report.reachable, report.login) == (True, False)
        assert found(report) == {"login": "BAD_CREDENTIALS"}
        await wrong.aclose()


@pytest.mark.parametrize(
    ("numbers", "pattern"),
    [
        (["100-1234", "100-1001"], "prefix=100- smallest=1001 offset=1000"),
        (["12", "7"], "prefix= smallest=7 offset=0"),
        (["A1", "B2"], "mixed"),
        (["A1", "x"], "mixed"),
        (["", ""], "unknown"),
        ([], "unknown"),
    ],
    ids=str,
)
def test_number_patterns(numbers: list[str], pattern: str) -> None:
    assert number_pattern(numbers) == pattern


def test_page_bases() -> None:
    one, two = [LightRow(identity_id="1")], [LightRow(identity_id="2")]
    assert page_base(one, two) == page_base(one, []) == "0"
    assert page_base([], two) == "1"
    assert page_base(one, one) == "0 and 1 are the same page"


@pytest.mark.parametrize("light_list", ["from_zero", "from_one", "one_is_zero", "ignores_page"])
@pytest.mark.parametrize("limit", [None, 2])
async def test_the_light_list_is_read_whole_wherever_it_begins(light_list: Any, limit: int | None) -> None:
    async with sandbox_crm(CrmMood(light_list=light_list, page_size_limit=limit)) as rig:
        added = {rig.add(number=str(number)) for number in range(5)}
        found = [each.id async for each in rig.connector.customer_numbers()]
        if light_list == "ignores_page" and limit:
            assert len(set(found)) == limit, "nobody can tell that this page is not all"
        else:
            assert set(found) == added


async def test_a_full_page_that_comes_again_is_no_end_of_the_list() -> None:
    async with sandbox_crm(CrmMood(light_list="ignores_page")) as rig:
        for number in range(LIGHT_PAGE_SIZE):
            rig.add(number=str(number))
        with pytest.raises(TryLater) as caught:
            [each async for each in rig.connector.customer_numbers()]
        assert caught.value.reason is Reason.BROKEN_ANSWER


async def test_a_number_is_found_although_find_ignores_its_condition() -> None:
    async with sandbox_crm(CrmMood(find_filters=False)) as rig:
        added = [rig.add(number=str(number)) for number in range(100, 115)]
        assert await rig.connector.customer_by_number("114") == added[-1]
        assert await rig.connector.customer_by_number("999") is None
