import pytest


async def test_login_names_the_session_and_the_fiscal_year(box, finance, clock):
    status, answer = await finance.login()
    assert status == 200
    assert answer["FiscalYear"] == 1404
    assert (answer["SystemDate"], answer["SystemTime"]) == ("1404/09/30", "14:10")
    clock.now = clock.now.replace(year=2026, month=3, day=20, hour=20, minute=29, second=59)
    assert (await finance.login())[1]["FiscalYear"] == 1404
    clock.forward(seconds=1)
    assert (await finance.login())[1]["FiscalYear"] == 1405
    box.finance.fiscal_year_override = 1403
    assert (await finance.login())[1]["FiscalYear"] == 1403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Password": "finance-demo-password"}, 401),
        ({"UserName": "someone"}, 401),
        ({"Password": 5}, 400),
        ({"password": "camel"}, 400),
    ],
)
async def test_bad_logins(box, finance, changes, status):
    refused, answer = await finance.login(**changes)
    assert refused == status and answer["Message"]
    assert box.finance.failed_logins == (1 if status == 401 else 0)


async def test_the_password_is_the_upper_case_hash(finance):
    from hamgam.sandbox import FINANCE_PASSWORD_MD5

    assert (await finance.login(Password=FINANCE_PASSWORD_MD5.lower()))[0] == 401


@pytest.mark.parametrize("form", ["Bearer {}", "{}x", ""])
async def test_the_header_is_the_bare_session(finance, form):
    finance.authorization = form.format(finance.authorization)
    status, answer = await finance.call(finance.GET_ALL, method="GET")
    assert status == 401 and answer["Message"]


async def test_a_second_login_ends_the_first_session(box, finance):
    first = finance.authorization
    await finance.login()
    assert await finance.rows() == []
    second, finance.authorization = finance.authorization, first
    assert (await finance.call(finance.GET_ALL, method="GET"))[0] == 401
    finance.authorization = second
    box.finance.expire_sessions()
    assert (await finance.call(finance.GET_ALL, method="GET"))[0] == 401
    assert box.finance.logins == 2


async def test_what_a_server_checks_first(box, finance, session):
    assert (await finance.call("/BpmsApi/Other", {}))[0] == 404
    assert (await finance.call("/BpmsApi/SaveFormData", method="GET"))[0] == 405
    assert (await finance.call("/BpmsApi/SaveFormData", {"formId": "2BFDA"}))[0] == 400
    assert (await finance.call("/BpmsApi/SaveFormData", [1]))[0] == 400
    headers = {"Authorization": finance.authorization, "Content-Type": "text/plain"}
    async with session.post(box.finance_url + finance.GET_ALL, data="{}", headers=headers) as response:
        assert response.status == 415
