"""One login for all, and no hammering with credentials that were refused."""

import asyncio
from dataclasses import dataclass

import pytest

from hamgam.errors import NeedsOperator, Reason, Refused, SyncError, TryLater
from hamgam.model import System
from hamgam.systems.ports import RemoteSession
from hamgam.systems.session import SessionKeeper, fingerprint
from tests.fakes import START, Clock, InMemorySessions


@dataclass
class Answer:
    status: int


class Remote:
    """A system in which one session is good, the newest."""

    def __init__(self) -> None:
        self.logins = 0
        self.tries = 0
        self.previous: list[RemoteSession | None] = []
        self.refusal: SyncError | None = None

    @property
    def good(self) -> str:
        return f"session-{self.logins}"

    async def login(self, previous: RemoteSession | None) -> RemoteSession:
        self.tries += 1
        self.previous.append(previous)
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.logins += 1
        return RemoteSession(self.good, {})

    async def call(self, session: RemoteSession) -> Answer:
        await asyncio.sleep(0)
        return Answer(200 if session.token == self.good else 401)


def keeper(
    remote: Remote, store: InMemorySessions, clock: Clock | None = None, credentials: str = "one"
) -> SessionKeeper:
    return SessionKeeper(System.CRM, store, remote.login, credentials=credentials, clock=clock or Clock())


async def test_all_tasks_and_processes_share_one_login() -> None:
    remote, store = Remote(), InMemorySessions()
    processes = [keeper(remote, store) for _ in range(3)]
    sessions = await asyncio.gather(*(each.current() for each in processes * 5))
    assert remote.logins == 1
    assert {session.token for session in sessions} == {"session-1"}


async def test_one_new_login_for_everybody_whose_session_ended() -> None:
    remote, store = Remote(), InMemorySessions()
    processes = [keeper(remote, store) for _ in range(3)]
    for each in processes:
        await each.current()
    remote.logins = 7  # somebody logged in elsewhere: session-1 is dead
    answers = await asyncio.gather(*(each.authorized(remote.call) for each in processes * 5))
    assert {answer.status for answer in answers} == {200}
    assert remote.tries == 2
    assert store.entered == 1 + len(processes), "one task of each process asks the others' lock"
    previous = remote.previous[1]
    assert previous is not None and previous.token == "session-1"


async def test_a_second_401_is_tried_later() -> None:
    remote, store = Remote(), InMemorySessions()
    calls = []

    async def never(session: RemoteSession) -> Answer:
        calls.append(session.token)
        return Answer(401)

    with pytest.raises(TryLater) as caught:
        await keeper(remote, store).authorized(never)
    assert caught.value.reason is Reason.SESSION_LOST
    assert calls == ["session-1", "session-2"]


async def test_a_session_that_is_no_longer_usable_is_renewed_before_it_is_tried() -> None:
    remote, store = Remote(), InMemorySessions()
    await keeper(remote, store).current()
    each = SessionKeeper(
        System.CRM,
        store,
        remote.login,
        credentials="one",
        clock=Clock(),
        usable=lambda session: session.token != "session-1",
    )
    assert (await each.current()).token == "session-2"
    previous = remote.previous[1]
    assert previous is not None and previous.token == "session-1", "its refresh token may still be good"


async def test_a_session_serves_only_who_would_log_in_like_that() -> None:
    """Another user's session holds another year and contact, and another server must not see its token."""
    remote, store = Remote(), InMemorySessions()
    await keeper(remote, store, credentials="one").current()
    other = keeper(remote, store, credentials="two")
    assert (await other.current()).token == "session-2"
    assert remote.previous == [None, None], "nor does its refresh token go there"
    store.sessions[System.CRM] = RemoteSession("from an older version", {})
    assert (await keeper(remote, store).current()).token == "session-3"


async def test_an_address_that_was_right_before_is_only_away() -> None:
    """A proxy shows its page while the system restarts; for a first login it may be the wrong address."""
    remote, store = Remote(), InMemorySessions()
    await keeper(remote, store).current()
    remote.refusal = NeedsOperator(Reason.WRONG_ADDRESS)
    with pytest.raises(TryLater) as caught:
        await keeper(remote, store).renew("session-1")
    assert caught.value.reason is Reason.BROKEN_ANSWER
    with pytest.raises(NeedsOperator):
        await keeper(remote, store, credentials="new").current()


async def test_refused_credentials_are_refused_although_a_session_of_others_lives() -> None:
    remote, store = Remote(), InMemorySessions()
    await keeper(remote, store, credentials="good").current()
    remote.refusal = NeedsOperator(Reason.BAD_CREDENTIALS)
    with pytest.raises(NeedsOperator):
        await keeper(remote, store, credentials="wrong").current()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NeedsOperator(Reason.BAD_CREDENTIALS), Reason.BAD_CREDENTIALS),
        (NeedsOperator(Reason.LOCKED_OUT), Reason.LOCKED_OUT),
        (NeedsOperator(Reason.NOT_LICENSED), Reason.NOT_LICENSED),
        (Refused(Reason.BAD_REQUEST, "?"), Reason.BAD_REQUEST),
    ],
)
async def test_refused_credentials_are_tried_three_times_in_ten_minutes(
    error: SyncError, reason: Reason
) -> None:
    remote, store, clock = Remote(), InMemorySessions(), Clock()
    remote.refusal = error
    processes = [keeper(remote, store, clock) for _ in range(2)]
    tries_at = []
    for second in range(601):
        before = remote.tries
        for each in processes:
            with pytest.raises(NeedsOperator):
                await each.current()
        if remote.tries > before:
            tries_at.append(second)
            assert remote.tries == before + 1
        clock.tick(1)
    assert tries_at == [0, 201, 402]
    with pytest.raises(NeedsOperator) as caught:
        await processes[0].current()
    assert caught.value.reason is reason


async def test_other_credentials_are_tried_at_once() -> None:
    remote, store, clock = Remote(), InMemorySessions(), Clock()
    remote.refusal = NeedsOperator(Reason.BAD_CREDENTIALS)
    with pytest.raises(NeedsOperator):
        await keeper(remote, store, clock).current()
    remote.refusal = None
    with pytest.raises(NeedsOperator):
        await keeper(remote, store, clock).current()
    assert (await keeper(remote, store, clock, "two").current()).token == "session-1"


@pytest.mark.parametrize(
    "error", [TryLater(Reason.UNREACHABLE), NeedsOperator(Reason.WRONG_ADDRESS)], ids=str
)
async def test_a_login_that_failed_for_another_reason_may_be_repeated(error: SyncError) -> None:
    remote, store = Remote(), InMemorySessions()
    one = keeper(remote, store)
    remote.refusal = error
    with pytest.raises(type(error)):
        await one.current()
    remote.refusal = None
    assert (await one.current()).token == "session-1"


async def test_a_clock_that_was_set_back_does_not_forbid_the_login_for_ever() -> None:
    remote, store, clock = Remote(), InMemorySessions(), Clock()
    await store.note_refusal(System.CRM, "one", START.replace(year=2030))
    assert (await keeper(remote, store, clock).current()).token == "session-1"


async def test_a_cancelled_login_leaves_the_door_open() -> None:
    remote, store = Remote(), InMemorySessions()
    one = keeper(remote, store)
    first = asyncio.create_task(one.current())
    while not remote.tries:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await one.current()).token == "session-1"


def test_a_fingerprint_tells_credentials_apart_and_gives_nothing_away() -> None:
    prints = {
        fingerprint(address, user, password)
        for address in ("http://a.example.com", "http://b.example.com")
        for user, password in (("a", "bc"), ("ab", "c"), ("a", "secret"))
    }
    assert len(prints) == 6
    assert not any("secret" in each for each in prints)
