"""People, tokens and one's own password, by the pages and by the API."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from hamgam.app.csrf import HEADER, proof
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.db.tables import api_token
from hamgam.people import sessions, tokens, users
from hamgam.people.names import RESERVED
from hamgam.people.passwords import SHORTEST
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.roles import Role
from hamgam.people.users import User
from tests.web.conftest import NOW, Installation, asking, in_json
from tests.web.test_pages import well_formed
from tests.web.test_signing_in import HASH, PASSWORD

NEW = "another long password"
UNKNOWN = "3f2b0c6e-0000-4000-8000-000000000000"


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
    assert listed == [{name: made[name] for name in made if name != "token"} | {"lastUsedAt": in_json(NOW)}]
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


FIELD = r'<(?:input|select)[^>]*\bname="{}"[^>]*>'


def form(page: str, action: str) -> str:
    [found] = re.findall(rf'<form[^>]* action="{action}".*?</form>', page, re.DOTALL)
    return found


def the_field(page: str, action: str, name: str) -> str:
    return re.findall(FIELD.format(name), form(page, action))[-1]


REFUSED = [
    ({"name": "local"}, "name", "name_wrong"),
    ({"name": "boss"}, "name", "name_taken"),
    ({"password": "secret-9!"}, "password", "too_short"),
    ({"role": "king"}, "role", "role_wrong"),
]


@pytest.mark.parametrize(("wrong", "field", "why"), REFUSED)
async def test_what_was_typed_is_kept_and_the_field_that_is_wrong_is_marked(
    admin: httpx2.AsyncClient, wrong: dict[str, str], field: str, why: str
) -> None:
    typed = {"name": "سارا <b>", "role": "operator", "password": PASSWORD} | wrong
    page = (await admin.post("/people/add?lang=en", data=typed)).text
    assert well_formed(page)
    assert f'id="refused">{WORDS["en"][f"people.not.{why}"]}' in form(page, "/people/add")
    name = the_field(page, "/people/add", "name")
    assert f'value="{typed["name"].replace("<", "&lt;").replace(">", "&gt;")}"' in name
    chosen = "operator" if typed["role"] == "operator" else "viewer"
    assert f'<option value="{chosen}" selected>' in form(page, "/people/add")
    assert typed["password"] not in page
    for each in ("name", "role", "password"):
        marked = the_field(page, "/people/add", each)
        assert ("aria-invalid" in marked, "autofocus" in marked) == (each == field, each == field)
        assert ('aria-describedby="refused' in marked) is (each == field)


async def test_a_token_that_is_refused_keeps_its_name_and_role(admin: httpx2.AsyncClient) -> None:
    typed = {"name": "a:b", "role": "admin"}
    page = (await admin.post("/people/tokens/add", data=typed)).text
    name = the_field(page, "/people/tokens/add", "name")
    assert 'value="a:b"' in name
    assert "aria-invalid" in name
    assert '<option value="admin" selected>' in form(page, "/people/tokens/add")
    assert "aria-invalid" not in form(page, "/people/add")


async def test_what_is_refused_of_one_person_stands_there(admin: httpx2.AsyncClient, boss: User) -> None:
    for action, fields, field in (
        ("role", {"role": "viewer"}, "role"),
        ("password", {"password": "short"}, "password"),
        ("remove", {}, ""),
    ):
        where = f"/people/{boss.id}/{action}"
        page = (await admin.post(where, data=fields)).text
        assert page.count('id="refused"') == 1
        assert 'id="refused"' in form(page, where)
        if field:
            assert 'aria-describedby="refused' in the_field(page, where, field)
        assert "<details open>" in page.partition(where)[0]


def test_the_names_that_are_reserved_are_named_in_both_languages() -> None:
    for words in WORDS.values():
        for name in RESERVED:
            assert name in words["people.not.name_wrong"]


@pytest.mark.parametrize("path", ["/people", "/me"])
async def test_each_new_password_says_how_long_it_has_to_be(admin: httpx2.AsyncClient, path: str) -> None:
    page = (await admin.get(f"{path}?lang=en")).text
    fields = [one for one in re.findall(r"<input[^>]*>", page) if "new-password" in one]
    assert len(fields) == 2
    for one in fields:
        [hint] = re.findall(r'aria-describedby="([^"]+)"', one)
        assert f'id="{hint}">{WORDS["en"]["people.password.hint"]}' in page
    assert str(SHORTEST) in WORDS["en"]["people.password.hint"]


async def test_every_column_has_a_scope(admin: httpx2.AsyncClient) -> None:
    await admin.post("/people/tokens/add", data={"name": "backup", "role": "viewer"})
    heads = re.findall(r"<th\b[^>]*>", (await admin.get("/people")).text)
    assert heads == ['<th scope="col">'] * 9


async def ali_with_tokens(admin: httpx2.AsyncClient, db: Database) -> tuple[User, dict[str, str]]:
    """Ali, two tokens of Ali's, one made with one of these, and one of the boss's."""
    ali = await users.add(db, "Ali", Role.ADMIN, HASH, NOW)
    secrets = {}
    for name, by in (("one", "Ali"), ("two", "ALI"), ("made with one", "token:one"), ("backup", "Boss")):
        _, secrets[name] = await tokens.make(db, name, Role.VIEWER, by=by, now=NOW)
    return ali, secrets


async def valid(db: Database) -> list[str]:
    return [token.name for token in await tokens.valid(db)]


async def test_a_removal_names_the_tokens_that_end_and_revokes_them(
    admin: httpx2.AsyncClient, db: Database
) -> None:
    ali, secrets = await ali_with_tokens(admin, db)
    where = f"/people/{ali.id}/remove"
    asked = form((await admin.get("/people?lang=en")).text, where)
    assert WORDS["en"]["people.remove.tokens"] in asked
    assert re.findall(r"<li><bdi>(.*?)</bdi>", asked) == ["made with one", "one", "two"]
    assert (await admin.post(where)).status_code == 303
    assert await valid(db) == ["backup"]
    for name, secret in secrets.items():
        answer = await admin.get("/api/v1/me", headers={"authorization": f"Bearer {secret}"})
        assert (name, answer.status_code) == (name, 200 if name == "backup" else 401)


async def test_who_made_no_token_is_asked_about_none(admin: httpx2.AsyncClient, boss: User) -> None:
    asked = form((await admin.get("/people?lang=en")).text, f"/people/{boss.id}/remove")
    assert WORDS["en"]["people.remove.tokens"] not in asked


async def test_the_api_tells_of_the_tokens_of_who_is_removed(admin: httpx2.AsyncClient, db: Database) -> None:
    ali, _ = await ali_with_tokens(admin, db)
    gone = (await admin.delete(f"/api/v1/people/{ali.id}")).json()
    assert [token["name"] for token in gone["tokens"]] == ["made with one", "one", "two"]


async def test_the_last_ones_keep_their_tokens(admin: httpx2.AsyncClient, boss: User, db: Database) -> None:
    await admin.post("/people/tokens/add", data={"name": "backup", "role": "viewer"})
    assert (await admin.delete(f"/api/v1/people/{boss.id}")).status_code == 409
    assert await valid(db) == ["backup"]


async def test_a_lower_role_bounds_the_tokens_of_that_person_at_once(
    admin: httpx2.AsyncClient, db: Database
) -> None:
    ali = await users.add(db, "Ali", Role.ADMIN, HASH, NOW)
    _, secret = await tokens.make(db, "backup", Role.ADMIN, by="Ali", now=NOW)
    bearer = {"authorization": f"Bearer {secret}"}
    assert (await admin.get("/api/v1/people", headers=bearer)).status_code == 200
    await admin.post(f"/people/{ali.id}/role", data={"role": "viewer"})
    assert (await admin.get("/api/v1/people", headers=bearer)).status_code == 403
    assert (await admin.get("/api/v1/me", headers=bearer)).json()["role"] == "viewer"
    [shown] = (await admin.get("/api/v1/tokens")).json()
    assert (shown["role"], shown["effectiveRole"]) == ("admin", "viewer")
    page = (await admin.get("/people?lang=en")).text
    assert WORDS["en"]["tokens.counts_as"].format("viewer") in page
    await users.set_role(db, ali.id, Role.OPERATOR)
    assert (await admin.get("/api/v1/me", headers=bearer)).json()["role"] == "operator"


async def test_a_lower_role_ends_the_sessions_of_that_person(
    admin: httpx2.AsyncClient, installation: Installation, db: Database
) -> None:
    ali = await users.add(db, "Ali", Role.ADMIN, HASH, NOW)
    session = await sessions.start(db, ali.id, NOW)
    await admin.put(f"/api/v1/people/{ali.id}/role", json={"role": "viewer"})
    async with asking(installation, db, proven=False) as client:
        client.cookies.set("hamgam", session)
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_what_an_older_version_left_to_a_removed_person_does_not_count(
    admin: httpx2.AsyncClient, db: Database
) -> None:
    ali, secrets = await ali_with_tokens(admin, db)
    await users.disable(db, ali.id, NOW)
    await db.execute(api_token.update().values(revokedAt=None))
    for name in ("one", "made with one"):
        answer = await admin.get("/api/v1/me", headers={"authorization": f"Bearer {secrets[name]}"})
        assert answer.status_code == 401
    assert WORDS["en"]["tokens.maker_removed"] in (await admin.get("/people?lang=en")).text
    with pytest.raises(NotAllowed) as error:
        await tokens.make(db, "late", Role.VIEWER, by="Ali", now=NOW)
    assert error.value.refusal is Refusal.MAKER_REMOVED


@pytest.mark.parametrize(
    "path",
    ["/people/x/role", f"/people/{UNKNOWN}/role", f"/people/{UNKNOWN}/password", f"/people/{UNKNOWN}/remove"],
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
    held = await admin.post("/me/password?lang=en", data=guess)
    assert (held.status_code, held.headers["retry-after"]) == (429, "60")
    assert WORDS["en"]["sign_in.too_often"].format(60) in held.text
    by_api = await admin.put("/api/v1/me/password", json={"present": "x", "password": NEW})
    assert (by_api.status_code, by_api.headers["retry-after"]) == (429, "60")


async def test_without_users_the_page_makes_the_first(client: httpx2.AsyncClient, db: Database) -> None:
    assert WORDS["en"]["people.none"] in (await client.get("/people?lang=en")).text
    assert WORDS["en"]["me.no_password"] in (await client.get("/me?lang=en")).text
    assert (await client.post("/me/password")).headers["location"] == "/me"
    clerk = {"name": "Ali", "role": "viewer", "password": PASSWORD}
    refused = await client.post("/people/add?lang=en", data=clerk)
    assert WORDS["en"]["people.not.first_admin"] in refused.text
    added = await client.post("/people/add", data=clerk | {"role": "admin"})
    assert await names(db) == {"Ali": Role.ADMIN}
    assert added.headers["location"] == "/sign-in?added=1&next=/people"
    told = await client.get(f"{added.headers['location']}&lang=en")
    assert WORDS["en"]["sign_in.added"] in told.text
    assert (await client.get("/people?done=added")).headers["location"].startswith("/sign-in")
