"""People, tokens and one's own password, by the pages and by the API."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import pytest

from hamgam.app.csrf import HEADER, proof
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people import sessions, users
from hamgam.people.refusals import Refusal
from hamgam.people.roles import Role
from hamgam.people.users import User
from tests.web.conftest import NOW, Installation, asking
from tests.web.test_pages import well_formed
from tests.web.test_signing_in import HASH, PASSWORD

NEW = "another long password"


@pytest.fixture
async def boss(db: Database) -> User:
    return await users.add(db, "Boss", Role.ADMIN, HASH, NOW)


@pytest.fixture
async def admin(installation: Installation, db: Database, boss: User) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser in which the boss is signed in."""
    async with asking(installation, db, proven=False) as client:
        session = await sessions.start(db, boss.id, NOW)
        client.cookies.set("hamgam", session)
        client.headers[HEADER] = proof(session)
        yield client


async def names(db: Database) -> dict[str, Role]:
    return {user.name: user.role for user in await users.everyone(db)}


async def test_the_api_manages_people(admin: httpx2.AsyncClient, db: Database) -> None:
    new = {"name": "Ali", "role": "viewer", "password": PASSWORD}
    made = await admin.post("/api/v1/people", json=new)
    assert (made.status_code, made.json()["name"], "password" in made.text) == (201, "Ali", False)
    where = f"/api/v1/people/{made.json()['id']}"
    changed = await admin.put(f"{where}/role", json={"role": "operator"})
    assert changed.json() == made.json() | {"role": "operator"}
    assert (await admin.put(f"{where}/password", json={"password": NEW})).status_code == 200
    assert [person["name"] for person in (await admin.get("/api/v1/people")).json()] == ["Ali", "Boss"]
    assert (await admin.delete(where)).status_code == 200
    assert (await admin.delete(where)).status_code == 404
    assert await names(db) == {"Boss": Role.ADMIN}


async def test_the_api_manages_tokens(admin: httpx2.AsyncClient, db: Database) -> None:
    made = (await admin.post("/api/v1/tokens", json={"name": "backup", "role": "operator"})).json()
    assert made["createdBy"] == "Boss"
    bearer = {"authorization": f"Bearer {made['token']}"}
    assert (await admin.get("/api/v1/me", headers=bearer)).json() == {
        "name": "token:backup",
        "role": "operator",
    }
    own = {"present": PASSWORD, "password": NEW}
    assert (await admin.put("/api/v1/me/password", json=own, headers=bearer)).status_code == 409
    listed = (await admin.get("/api/v1/tokens")).json()
    assert listed == [
        {name: made[name] for name in made if name != "token"}
        | {"lastUsedAt": NOW.isoformat().replace("+00:00", "Z")}
    ]
    assert (await admin.delete(f"/api/v1/tokens/{made['id']}")).status_code == 200
    assert (await admin.get("/api/v1/me", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"name": "boss", "role": "viewer", "password": PASSWORD}, 409, "taken"),
        ({"name": "a:b", "role": "viewer", "password": PASSWORD}, 400, "colon"),
        ({"name": "Ali", "role": "viewer", "password": "secret-9!"}, 400, "10 characters"),
        ({"name": "Ali", "role": "king", "password": PASSWORD}, 400, "role"),
        ({"name": "Ali", "role": "viewer"}, 400, "password"),
        ({"name": "Ali", "role": "viewer", "password": ["secret-9!"]}, 400, "password"),
        ({"name": "Ali", "role": "viewer", "password": PASSWORD, "id": "x"}, 400, "id"),
    ],
)
async def test_what_is_refused_says_why_and_quotes_no_password(
    admin: httpx2.AsyncClient, db: Database, body: dict[str, object], status: int, word: str
) -> None:
    answer = await admin.post("/api/v1/people", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert word in answer.text
    assert "secret-9!" not in answer.text
    assert list(await names(db)) == ["Boss"]


async def test_the_last_ones_stay(admin: httpx2.AsyncClient, boss: User, db: Database) -> None:
    where = f"/api/v1/people/{boss.id}"
    assert (await admin.delete(where)).status_code == 409
    assert (await admin.put(f"{where}/role", json={"role": "viewer"})).status_code == 409
    answer = await admin.post(f"/people/{boss.id}/remove?lang=en")
    assert answer.status_code == 409
    assert WORDS["en"]["people.not.last_user"] in answer.text
    assert await names(db) == {"Boss": Role.ADMIN}


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_the_page_manages_people(admin: httpx2.AsyncClient, db: Database, lang: str) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    await admin.get("/", params={"lang": lang})

    async def done(path: str, what: str, **fields: str) -> str:
        answer = await admin.post(path, data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/people?done={what}")
        page = (await admin.get(f"/people?done={what}")).text.replace("&#39;", "'")
        assert words[f"people.done.{what}"] in page
        assert well_formed(page)
        return page

    evil = "<b>علی</b>"
    page = await done("/people/add", "added", name=evil, role="viewer", password=PASSWORD)
    assert evil not in page
    assert "&lt;b&gt;علی" in page
    ali = await users.named(db, evil)
    await done(f"/people/{ali.id}/role", "role", role="operator")
    await done(f"/people/{ali.id}/password", "password", password=NEW)
    await done(f"/people/{ali.id}/remove", "removed")
    again = await admin.post(f"/people/{ali.id}/remove")
    assert (again.status_code, words["people.not.unknown"] in again.text) == (409, True)


async def test_the_page_shows_a_token_once(admin: httpx2.AsyncClient) -> None:
    fields = {"name": "backup", "role": "viewer"}
    made = await admin.post("/people/tokens/add", data=fields)
    assert made.status_code == 201
    [secret] = set(re.findall(r"hamgam_[\w-]{43}", made.text))
    again = await admin.post("/people/tokens/add?lang=en", data=fields)
    assert again.status_code == 409
    assert WORDS["en"]["people.not.name_taken"] in again.text
    page = (await admin.get("/people")).text
    assert secret not in page
    [token_id] = re.findall(r"/people/tokens/([0-9a-f-]{36})/revoke", page)
    assert (await admin.post(f"/people/tokens/{token_id}/revoke")).headers["location"].endswith("=revoked")
    assert (await admin.post(f"/people/tokens/{token_id}/revoke")).status_code == 409


@pytest.mark.parametrize(
    "path",
    ["/people/x/role", f"/people/{uuid4()}/role", f"/people/{uuid4()}/password", f"/people/{uuid4()}/remove"],
)
async def test_forged_ids_are_no_defect(admin: httpx2.AsyncClient, path: str) -> None:
    for fields in ({}, {"role": "king", "password": "x"}, {"role": "admin", "password": PASSWORD}):
        assert (await admin.post(path, data=fields)).status_code in (400, 409)
    assert (await admin.get("/people?done=%3Cscript%3E")).status_code == 200


def test_every_refusal_has_a_sentence_in_both_languages() -> None:
    for refusal in Refusal:
        for words in WORDS.values():
            assert f"people.not.{refusal}" in words
    for role in Role:
        assert f"role.{role}.note" in WORDS["fa"]


async def test_everybody_changes_the_own_password(admin: httpx2.AsyncClient, db: Database) -> None:
    here = {"lang": "en"}
    fields = {"present": PASSWORD, "password": NEW, "again": NEW}
    for wrong, word in (
        ({"again": "x"}, "different"),
        ({"present": "x"}, "wrong_present"),
        ({"password": "x", "again": "x"}, "too_short"),
    ):
        answer = await admin.post("/me/password", params=here, data=fields | wrong)
        assert answer.status_code == 400
        assert WORDS["en"][f"people.not.{word}"] in answer.text
        assert well_formed(answer.text)
    done = await admin.post("/me/password", data=fields)
    assert (done.status_code, done.headers["location"]) == (303, "/me?done")
    assert WORDS["en"]["me.done"] in (await admin.get("/me?done&lang=en")).text
    again = await admin.put("/api/v1/me/password", json={"present": PASSWORD, "password": NEW})
    assert again.status_code == 400
    back = await admin.put("/api/v1/me/password", json={"present": NEW, "password": PASSWORD})
    assert back.status_code == 204


async def test_the_own_password_cannot_be_guessed_either(admin: httpx2.AsyncClient) -> None:
    guess = {"present": "x", "password": NEW, "again": NEW}
    for _ in range(5):
        assert (await admin.post("/me/password", data=guess)).status_code == 400
    held = await admin.post("/me/password", data=guess)
    assert (held.status_code, held.headers["retry-after"]) == (429, "60")
    by_api = await admin.put("/api/v1/me/password", json={"present": "x", "password": NEW})
    assert (by_api.status_code, by_api.headers["retry-after"]) == (429, "60")


async def test_without_users_the_page_makes_the_first(client: httpx2.AsyncClient, db: Database) -> None:
    assert WORDS["en"]["people.none"] in (await client.get("/people?lang=en")).text
    assert WORDS["en"]["me.no_password"] in (await client.get("/me?lang=en")).text
    assert (await client.post("/me/password")).headers["location"] == "/me"
    clerk = {"name": "Ali", "role": "viewer", "password": PASSWORD}
    refused = await client.post("/people/add?lang=en", data=clerk)
    assert WORDS["en"]["people.not.first_admin"] in refused.text
    await client.post("/people/add", data=clerk | {"role": "admin"})
    assert await names(db) == {"Ali": Role.ADMIN}
    assert (await client.get("/people?done=added")).headers["location"].startswith("/sign-in")
