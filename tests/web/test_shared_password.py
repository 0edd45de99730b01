"""DASHBOARD_PASSWORD is no easier to guess than a person's own."""

import httpx2
import pytest
import structlog

from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people import sessions, users
from hamgam.people.roles import Role
from hamgam.people.shared_password import SharedPassword
from hamgam.people.signing_in import TRIES, TooOften
from tests.web.conftest import NOW, FakeSeconds, Installation, basic
from tests.web.test_signing_in import HASH, from_address

HERE, THERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def guarded(installation: Installation) -> Installation:
    installation.settings["dashboard_password"] = "word"
    return installation


async def asked(client: httpx2.AsyncClient, password: str, path: str = "/api/v1/me", user: str = "x") -> int:
    return (await client.get(path, headers=basic(user, password))).status_code


@pytest.mark.parametrize("path", ["/api/v1/me", "/metrics"])
async def test_it_can_be_tried_only_so_often_from_one_address(
    guarded: Installation, db: Database, path: str
) -> None:
    async with from_address(guarded, db, HERE, THERE) as (guesser, other):
        with structlog.testing.capture_logs() as logs:
            assert [await asked(guesser, f"guess {n}", path) for n in range(TRIES)] == [401] * TRIES
            held = await guesser.get(path, headers=basic("x", "word"))
        assert (held.status_code, held.headers["retry-after"]) == (429, "60")
        assert {line["event"] for line in logs} == {"people.password_failed", "people.password_held"}
        assert "guess" not in repr(logs)
        assert await asked(other, "word", path) == 200
        guarded.seconds.now += 60
        assert [await asked(guesser, guess, path) for guess in ("guess", "word")] == [401, 429]


async def test_a_page_says_how_long_to_wait(guarded: Installation, db: Database) -> None:
    async with from_address(guarded, db, HERE) as [client]:
        for n in range(TRIES):
            await asked(client, f"guess {n}", "/")
        held = await client.get("/?lang=en", headers=basic("x", "word"))
    assert WORDS["en"]["refused.429.note"].format(60) in held.text


async def test_who_has_been_in_stays_in_while_another_guesses_from_the_same_address(
    guarded: Installation, db: Database
) -> None:
    async with from_address(guarded, db, HERE) as [client]:
        assert await asked(client, "word", user="prometheus") == 200
        for n in range(3 * TRIES):
            await asked(client, f"guess {n}", user=f"somebody {n}")
        assert await asked(client, "word", user="somebody") == 429
        assert await asked(client, "word", user="prometheus") == 200
        guesses = [await asked(client, f"guess {n}", user="prometheus") for n in range(TRIES + 1)]
        assert guesses == [401] * TRIES + [429]


async def test_the_right_one_gives_the_others_at_its_address_no_more_tries(
    guarded: Installation, db: Database
) -> None:
    async with from_address(guarded, db, HERE) as [client]:
        for n in range(TRIES):
            assert await asked(client, "word", user="prometheus") == 200
            assert await asked(client, f"guess {n}", user="somebody") == 401
        assert await asked(client, f"guess {TRIES}", user="somebody") == 429


async def test_an_old_one_that_a_browser_repeats_keeps_nobody_out_who_is_signed_in(
    guarded: Installation, db: Database
) -> None:
    boss = await users.add(db, "Boss", Role.ADMIN, HASH, NOW)
    async with from_address(guarded, db, HERE) as [client]:
        client.cookies.set("hamgam", await sessions.start(db, boss.id, NOW))
        for path in ("/api/v1/me", "/metrics"):
            assert [await asked(client, "old", path) for _ in range(3 * TRIES)] == [200] * 3 * TRIES


async def test_where_there_are_users_it_tells_nothing_but_to_monitors(
    guarded: Installation, db: Database
) -> None:
    await users.add(db, "Boss", Role.ADMIN, HASH, NOW)
    async with from_address(guarded, db, HERE) as [client]:
        assert [await asked(client, "guess") for _ in range(3 * TRIES)] == [401] * 3 * TRIES
        assert await asked(client, "word") == 401
        assert await asked(client, "word", "/metrics") == 200


async def test_a_request_without_one_is_no_try(guarded: Installation, db: Database) -> None:
    async with from_address(guarded, db, HERE) as [client]:
        for _ in range(3 * TRIES):
            assert (await client.get("/metrics")).status_code == 401
        assert await asked(client, "word", "/metrics") == 200


def test_of_those_who_have_been_in_the_earliest_is_forgotten() -> None:
    password = SharedPassword("word", FakeSeconds())
    for n in range(1_001):
        assert password.knows(HERE, b"%d" % n, b"word")
    for _ in range(TRIES):
        assert password.knows(HERE, b"somebody", b"guess") is False
    assert password.knows(HERE, b"1000", b"word") is True
    assert password.knows(HERE, b"0", b"word") == TooOften(60)
