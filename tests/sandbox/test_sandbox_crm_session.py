from dataclasses import replace

import pytest

UNKNOWN = {"id": "00000000-0000-4000-8000-000000000000"}


async def test_login_answers_tokens_with_a_tehran_expiry(box, crm):
    status, answer = await crm.login()
    assert status == 200
    assert answer["accessToken"].count(".") == 2
    assert answer["expiresAt"] == "2025-12-21T15:10:20.0330002+03:30"
    assert box.crm.logins == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "wrong"}, 401),
        ({"username": "nobody"}, 401),
        ({"deviceId": ""}, 400),
        ({"platformType": 2}, 400),
        ({"platformType": "1"}, 400),
        ({"Username": "pascal case"}, 400),
    ],
)
async def test_a_bad_login_is_refused(crm, changes, status):
    assert (await crm.login(**changes))[0] == status


async def test_licence_and_lock(box, crm):
    box.crm.licensed = False
    assert (await crm.login())[0] == 402
    box.crm.locked_out = True
    assert (await crm.login())[0] == 403


async def test_too_many_wrong_passwords_lock_the_account(box, crm):
    answers = [(await crm.login(password="no"))[0] for _ in range(5)]
    assert answers == [401] * 5
    assert (await crm.login())[0] == 403
    assert box.crm.failed_logins == 5


@pytest.mark.parametrize("form", ["{}", "bearer {}", "Bearer", "Bearer {}x", "Token {}", ""])
async def test_only_the_exact_header_is_a_login(crm, form):
    token = crm.authorization.removeprefix("Bearer ")
    crm.authorization = form.format(token)
    assert (await crm.verb("person/get", UNKNOWN))[0] == 401


async def test_a_session_ends_by_time_and_by_force(box, crm, clock):
    assert (await crm.verb("person/get", UNKNOWN))[0] == 404
    clock.forward(hours=1)
    assert (await crm.verb("person/get", UNKNOWN))[0] == 401
    await crm.login()
    box.crm.expire_sessions()
    assert (await crm.verb("person/get", UNKNOWN))[0] == 401


async def test_refresh_gives_new_tokens_once(box, crm):
    _, tokens = await crm.login()
    pair = {name: tokens[name] for name in ("accessToken", "refreshToken")}
    box.crm.expire_sessions()
    status, fresh = await crm.call("/api/v2/auth/token/refresh", pair)
    assert (status, box.crm.refreshes) == (200, 1)
    crm.authorization = f"Bearer {fresh['accessToken']}"
    assert (await crm.verb("person/get", UNKNOWN))[0] == 404
    assert (await crm.call("/api/v2/auth/token/refresh", pair))[0] == 401


async def test_refresh_fails_in_its_mood(box, crm):
    box.crm.mood = replace(box.crm.mood, refresh_works=False)
    _, tokens = await crm.login()
    pair = {name: tokens[name] for name in ("accessToken", "refreshToken")}
    assert (await crm.call("/api/v2/auth/token/refresh", pair))[0] == 401


async def test_what_a_server_checks_before_it_looks_at_the_content(crm, session, box):
    assert (await crm.call("/api/v2/crmobject/person/get", method="GET"))[0] == 405
    assert (await crm.call("/api/v2/nothing", {}))[0] == 404
    assert (await crm.verb("person/explode", {}))[0] == 404
    assert (await crm.verb("invoice/get", UNKNOWN))[0] == 404
    assert (await crm.verb("person/get", [1]))[0] == 400
    headers = {"Authorization": crm.authorization}
    url = f"{box.crm_url}/api/v2/crmobject/person/get"
    async with session.post(url, data="{}", headers=headers | {"Content-Type": "text/plain"}) as response:
        assert response.status == 415
    async with session.post(
        url, data='{"id":', headers=headers | {"Content-Type": "application/json"}
    ) as response:
        assert response.status == 400
        assert "message" in await response.json()
