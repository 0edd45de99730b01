"""People and tokens as the database knows them."""

import asyncio
import itertools
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import text

from hamgam.db.engine import Database
from hamgam.people import sessions, tokens, users
from hamgam.people.names import checked_name, name_key
from hamgam.people.passwords import DECOY, Passwords, argon2id
from hamgam.people.refusals import NotAllowed, Refusal
from hamgam.people.registry import Registry
from hamgam.people.roles import Person, Role
from hamgam.people.signing_in import TRIES, Opened, TooOften
from hamgam.people.users import User, without_admin
from tests.web.conftest import NOW, FakeSeconds

PASSWORD = "correct horse battery"


class Counting(PasswordHasher):
    """Cheap, and knows how often it was asked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.made = self.looked_at = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.made += 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:
        self.looked_at += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> Counting:
    return Counting()


@pytest.fixture
def registry(db: Database, hasher: Counting) -> Registry:
    return Registry(db, lambda: NOW, FakeSeconds(), Passwords(hasher))


async def add(registry: Registry, name: str, role: Role = Role.ADMIN) -> User:
    return await registry.add(name, role, PASSWORD, by="test")


def refused(error: pytest.ExceptionInfo[NotAllowed]) -> Refusal:
    return error.value.refusal


@pytest.mark.parametrize(
    "name",
    ["", "  ", "a:b", "\0", "a\nb\x07", "\u202eabc", "\udcff", "x" * 61, "Local", "MONITORING", "\u200c"],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(NotAllowed) as error:
        checked_name(name)
    assert refused(error) is Refusal.NAME_WRONG
    assert name_key(name) == ""


async def test_one_name_in_all_its_spellings(registry: Registry) -> None:
    kept = await add(registry, " علی  رضا‌یی ")
    assert kept.name == "علی رضا‌یی"
    for spelling in ("علي رضا‌يي", "علی رضا یی"):
        assert (await users.named(registry.db, spelling)).id == kept.id
        with pytest.raises(NotAllowed) as error:
            await add(registry, spelling)
        assert refused(error) is Refusal.NAME_TAKEN


@pytest.mark.parametrize(
    ("password", "refusal"), [("۱۲۳۴۵۶۷۸۹", Refusal.TOO_SHORT), ("x" * 201, Refusal.TOO_LONG)]
)
async def test_a_password_has_bounds(registry: Registry, password: str, refusal: Refusal) -> None:
    user = await add(registry, "Sara")
    for changing in (
        registry.add("Ali", Role.VIEWER, password, by="test"),
        registry.set_password(user.id, password, by="test"),
        registry.signing_in.change_password("Sara", PASSWORD, password, ""),
    ):
        with pytest.raises(NotAllowed) as error:
            await changing
        assert refused(error) is refusal


async def test_passwords_are_argon2id_and_nowhere_else(registry: Registry, db: Database) -> None:
    await registry.add("Sara", Role.ADMIN, PASSWORD, by="test")
    [row] = (await db.execute(text('SELECT u::text FROM "User" u'))).scalars()
    assert "$argon2id$" in row
    assert PASSWORD not in row


async def test_an_unknown_name_costs_what_a_known_one_costs(registry: Registry, hasher: Counting) -> None:
    await add(registry, "Boss")
    gone = await add(registry, "Gone", Role.VIEWER)
    await registry.remove(gone.id, by="test")
    made = hasher.made
    for number, name in enumerate(("Boss", "nobody", "Gone", "a:b", ""), start=1):
        assert await registry.signing_in.sign_in(name, "wrong", f"192.0.2.{number}") is None
        assert (hasher.made, hasher.looked_at) == (made, number)
    assert extract_parameters(DECOY) == extract_parameters(argon2id().hash("x"))


async def test_many_tries_at_one_moment_are_many(registry: Registry, hasher: Counting) -> None:
    await add(registry, "Sara")
    tries = (registry.signing_in.sign_in("Sara", f"wrong {n}", "192.0.2.1") for n in range(40))
    await asyncio.gather(*tries)
    assert hasher.looked_at == 5


async def test_a_password_typed_on_another_keyboard_is_the_same(registry: Registry) -> None:
    await registry.add("Sara", Role.ADMIN, "cafe\u0301 au lait", by="test")
    assert isinstance(await registry.signing_in.sign_in("Sara", "caf\u00e9 au lait", "x"), Opened)


async def test_a_hash_of_other_parameters_is_renewed_at_the_next_sign_in(
    db: Database, registry: Registry, hasher: Counting
) -> None:
    sara = await add(registry, "Sara")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    later = Registry(db, lambda: NOW, FakeSeconds(), Passwords(stronger))
    [_, weak] = await users.credentials(db, "sara") or ()
    assert await later.signing_in.sign_in("Sara", "wrong", "x") is None
    assert await users.credentials(db, "sara") == (sara, weak)
    for _ in range(2):
        assert isinstance(await later.signing_in.sign_in("Sara", PASSWORD, "x"), Opened)
        [_, strong] = await users.credentials(db, "sara") or ()
        assert extract_parameters(strong) == extract_parameters(stronger.hash("x"))
    await users.renew_hash(db, sara.id, weak, "a hash of the password before")
    assert await users.credentials(db, "sara") == (sara, strong)


async def test_who_guesses_a_name_does_not_keep_its_owner_out(registry: Registry) -> None:
    await add(registry, "Sara")
    await add(registry, "Ali")
    door = registry.signing_in
    opened = await door.sign_in("Sara", PASSWORD, "192.0.2.1")
    assert isinstance(opened, Opened)

    async def guess(browser: str) -> None:
        for n in range(TRIES + 1):
            held = await door.sign_in("Sara", "wrong", f"192.0.2.{n}", browser)
        assert isinstance(held, TooOften)

    for forged in ("", "x", ".", f"{opened.browser}x", f"x{opened.browser}", "\udcff.\udcff"):
        await guess(forged)
    assert isinstance(await door.sign_in("Sara", PASSWORD, "192.0.2.9"), TooOften)
    for n in range(TRIES):
        assert await door.sign_in("Ali", "wrong", f"198.51.100.{n}", opened.browser) is None
    assert isinstance(await door.sign_in("Ali", PASSWORD, "192.0.2.9", opened.browser), TooOften)
    assert isinstance(await door.sign_in("Sara", PASSWORD, "192.0.2.0", opened.browser), Opened)
    await guess(opened.browser)


async def test_a_proof_of_a_browser_ends_with_the_password(registry: Registry) -> None:
    sara = await add(registry, "Sara")
    opened = await registry.signing_in.sign_in("Sara", PASSWORD, "192.0.2.1")
    assert isinstance(opened, Opened)
    await registry.set_password(sara.id, "another password", by="test")
    for n in range(TRIES):
        await registry.signing_in.sign_in("Sara", "wrong", f"192.0.2.{n}")
    held = await registry.signing_in.sign_in("Sara", "another password", "192.0.2.1", opened.browser)
    assert isinstance(held, TooOften)


async def test_a_changed_role_ends_the_sessions(db: Database, registry: Registry) -> None:
    await add(registry, "Boss")
    sara = await add(registry, "Sara")
    session = await sessions.start(db, sara.id, NOW)
    await registry.set_role(sara.id, Role.VIEWER, by="Boss")
    assert await sessions.find(db, session, NOW) is None


def test_while_there_are_users_one_is_an_admin() -> None:
    for roles in itertools.product(Role, repeat=3):
        team = [User(id=uuid4(), name=str(n), role=role, created_at=NOW) for n, role in enumerate(roles)]
        assert without_admin(team) is (Role.ADMIN not in roles)
    assert not without_admin([])


async def test_somebody_always_looks_after_the_others(registry: Registry) -> None:
    with pytest.raises(NotAllowed) as error:
        await add(registry, "Clerk", Role.OPERATOR)
    assert refused(error) is Refusal.FIRST_ADMIN
    boss = await add(registry, "Boss")
    clerk = await add(registry, "Clerk", Role.OPERATOR)
    for changing in (
        registry.remove(boss.id, by="test", last_too=True),
        registry.set_role(boss.id, Role.OPERATOR, by="test"),
    ):
        with pytest.raises(NotAllowed) as error:
            await changing
        assert refused(error) is Refusal.LAST_ADMIN
    await registry.set_role(clerk.id, Role.ADMIN, by="test")
    await registry.remove(boss.id, by="test")
    with pytest.raises(NotAllowed) as error:
        await registry.remove(clerk.id, by="test")
    assert refused(error) is Refusal.LAST_USER
    assert not await registry.house.is_open()
    await registry.remove(clerk.id, by="test", last_too=True)
    assert await registry.house.is_open()


async def test_two_admins_cannot_remove_each_other(registry: Registry) -> None:
    one, other = await add(registry, "One"), await add(registry, "Other")
    await add(registry, "Clerk", Role.VIEWER)
    done = await asyncio.gather(
        registry.remove(one.id, by="Other"),
        registry.set_role(other.id, Role.VIEWER, by="One"),
        return_exceptions=True,
    )
    assert sum(isinstance(each, NotAllowed) for each in done) == 1
    assert not without_admin(await users.everyone(registry.db))


@pytest.mark.parametrize("unknown", [uuid4()])
async def test_who_is_not_there_is_not_changed(registry: Registry, unknown: UUID) -> None:
    await add(registry, "Boss")
    for changing in (
        registry.remove(unknown, by="test"),
        registry.set_role(unknown, Role.VIEWER, by="test"),
        registry.set_password(unknown, PASSWORD, by="test"),
        registry.revoke_token(unknown, by="test"),
    ):
        with pytest.raises(NotAllowed) as error:
            await changing
        assert refused(error) is Refusal.UNKNOWN


async def test_a_new_password_ends_the_other_sessions(registry: Registry) -> None:
    user, db = await add(registry, "Sara"), registry.db
    here, there = [await sessions.start(db, user.id, NOW) for _ in range(2)]
    with pytest.raises(NotAllowed) as error:
        await registry.signing_in.change_password("Sara", "wrong", "another password", here)
    assert refused(error) is Refusal.WRONG_PRESENT
    assert await sessions.find(db, there, NOW)
    await registry.signing_in.change_password("Sara", PASSWORD, "another password", here)
    assert await sessions.find(db, here, NOW)
    assert await sessions.find(db, there, NOW) is None
    await registry.set_password(user.id, PASSWORD, by="test")
    assert await sessions.find(db, here, NOW) is None


async def test_a_token_is_stored_as_a_fingerprint_and_serves_until_it_is_revoked(registry: Registry) -> None:
    db = registry.db
    made, secret = await registry.make_token("backup", Role.VIEWER, by="Sara")
    with pytest.raises(NotAllowed) as error:
        await registry.make_token("BACKUP", Role.ADMIN, by="Sara")
    assert refused(error) is Refusal.NAME_TAKEN
    [row] = (await db.execute(text('SELECT t::text FROM "ApiToken" t'))).scalars()
    assert secret.removeprefix("hamgam_") not in row
    person = await tokens.find(db, secret, NOW)
    assert person and (person.name, person.role) == ("token:backup", Role.VIEWER)
    [listed] = await tokens.valid(db)
    assert (listed.created_by, listed.last_used_at) == ("Sara", NOW)
    await registry.revoke_token(made.id, by="Sara")
    assert await tokens.find(db, secret, NOW) is None
    assert await tokens.valid(db) == []
    await registry.make_token("backup", Role.VIEWER, by="Sara")


async def test_guesses_from_everywhere_leave_room_for_the_rest(registry: Registry, hasher: Counting) -> None:
    await add(registry, "Sara")
    door = registry.signing_in
    opened = await door.sign_in("Sara", PASSWORD, "192.0.2.1")
    assert isinstance(opened, Opened)
    hasher.looked_at = 0
    guesses = (door.sign_in(f"name {n}", "wrong", f"203.0.113.{n}") for n in range(200))
    *answers, known = await asyncio.gather(
        *guesses, door.sign_in("Sara", PASSWORD, "192.0.2.1", opened.browser)
    )
    assert isinstance(known, Opened)
    assert hasher.looked_at < 30
    assert answers.count(TooOften(2)) == 201 - hasher.looked_at
    assert await door.sign_in("name 199", "wrong", "203.0.113.199") is None


async def test_a_token_counts_for_its_maker_however_many_tokens_are_between(
    registry: Registry, db: Database
) -> None:
    """The one between may be revoked, and its name may be that of another by now."""
    await add(registry, "Boss")
    sara = await add(registry, "Sara")
    at = itertools.count()

    async def made(name: str, by: str) -> tuple[UUID, str]:
        moment = NOW + timedelta(seconds=next(at))
        token, secret = await tokens.make(db, name, Role.ADMIN, by=by, now=moment)
        return token.id, secret

    first, _ = await made("first", "SARA")
    _, secret = await made("second", "token:FIRST")
    await tokens.revoke(db, first, NOW)
    await made("first", "Boss")
    assert await tokens.find(db, secret, NOW) == Person("token:second", Role.ADMIN)
    await registry.set_role(sara.id, Role.VIEWER, by="Boss")
    assert await tokens.find(db, secret, NOW) == Person("token:second", Role.VIEWER)
    removed = await registry.remove(sara.id, by="Boss")
    assert [token.name for token in removed.tokens] == ["second"]
    assert await tokens.find(db, secret, NOW) is None


async def test_a_token_of_nobody_knows_whom_does_not_count(db: Database) -> None:
    with pytest.raises(NotAllowed):
        await tokens.make(db, "x", Role.VIEWER, by="token:never", now=NOW)
