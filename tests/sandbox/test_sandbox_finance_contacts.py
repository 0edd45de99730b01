import json
from dataclasses import replace
from random import Random

import aiohttp
import pytest

from hamgam.sandbox import seed_finance


def described(answer):
    return [(entry["ErrorType"], entry["ErrorCode"], entry["ColName"]) for entry in answer["Errors"]]


async def test_every_row_has_every_key(box, finance):
    code = box.finance.add_contact(Name="علی", MobileNo="0912")
    [row] = await finance.rows()
    assert (row["Code"], row["Name"], row["NickName"]) == (code, "علی", "علی")
    assert row["TelNo2"] is None and row["tmpid"] is None and row["IsActive"] is True
    box.finance.mood = replace(box.finance.mood, returns_tmpid=False)
    assert "tmpid" not in (await finance.rows())[0]


async def test_codes_grow_and_are_not_used_again(box):
    assert box.finance.add_contact(Name="a") == 1
    assert box.finance.add_contact(Name="b", Code=50) == 50
    assert box.finance.add_contact(Name="c") == 51
    with pytest.raises(ValueError, match="50"):
        box.finance.add_contact(Name="d", Code=50)


async def test_filters(box, finance):
    ali = box.finance.add_contact(Name="علی", TelNo="021", MobileNo="0912", NationalCode="00")
    sara = box.finance.add_contact(Name="سارا", TelNo="031", tmpid="100-7")
    assert await finance.filtered(TelNo="021") == [ali]
    assert await finance.filtered(MobileNo="0912") == [ali]
    assert await finance.filtered(Code=sara) == [sara]
    assert await finance.filtered(Code=str(sara)) == [sara]
    assert await finance.filtered(Code="999") == []
    assert await finance.filtered(tmpid="100-7") == [sara]
    assert await finance.filtered(Name="سارا", TelNo="021") == []
    assert await finance.filtered(Unknown="x") == [ali, sara]
    assert await finance.filtered() == [ali, sara]
    box.finance.edit_contact(ali, TelNo="041")
    assert await finance.filtered(TelNo="021") == []
    assert await finance.filtered(TelNo="041") == [ali]


async def test_builds_that_ignore_filters(box, finance):
    ali = box.finance.add_contact(Name="علی", TelNo="021", MobileNo="0912")
    sara = box.finance.add_contact(Name="سارا", TelNo="031")
    box.finance.mood = replace(box.finance.mood, filters="tel_only")
    assert await finance.filtered(TelNo="031") == [sara]
    assert await finance.filtered(MobileNo="0912") == [ali, sara]
    box.finance.mood = replace(box.finance.mood, filters="none")
    assert await finance.filtered(TelNo="031") == [ali, sara]
    box.finance.mood = replace(box.finance.mood, filters="all", returns_tmpid=False)
    assert await finance.filtered(tmpid="nobody") == [ali, sara]


async def test_a_long_list_is_streamed_whole(box, finance, session):
    seed_finance(box.finance, 1001, Random(3))
    headers = {"Authorization": finance.authorization}
    async with session.get(box.finance_url + finance.GET_ALL, headers=headers) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Content-Type"] == "application/json"
        first = await response.content.readany()
        rest = await response.read()
    assert rest, "it does not come in one piece"
    rows = json.loads(first + rest)
    assert [row["Code"] for row in rows] == list(box.finance.contacts)


async def test_a_contact_is_created_from_its_columns(box, finance):
    answer = await finance.save_contact(
        fullname="شرکت آریا",
        mobileno="09120000000",
        telno="",
        email="a@example.com",
        websiteaddress="example.com",
        address="تهران",
        codeshahr="تهران",
        codeostan="تهران",
        countrycode="ایران",
        pocode="1111111111",
        passno="10100000000",
        tmpid="100-1001",
        tozihat="یک=دو",
        gender="",
        isactive="1",
        taraftype="1",
    )
    assert answer == {
        "Errors": [],
        "FinalMessages": [],
        "ReturnValue": True,
        "ReturnCode": "1",
        "ReturnParams": "1",
    }
    row = box.finance.contacts[1]
    assert (row["Name"], row["NickName"], row["TelNo"]) == ("شرکت آریا", "شرکت آریا", None)
    assert (row["NationalCode"], row["tmpid"], row["Description"]) == ("10100000000", "100-1001", "یک=دو")
    assert (row["TowardType"], row["IsActive"], row["Gender"]) == (True, True, None)
    assert (row["CityCode"], row["StateCode"], row["PostalCode"]) == ("تهران", "تهران", "1111111111")


async def test_an_update_overwrites_clears_and_keeps(box, finance):
    code = box.finance.add_contact(Name="علی", MobileNo="0912", Email="a@example.com", Description="مهم")
    answer = await finance.save_contact(code, fullname="رضا", email="", gender="1")
    assert answer["ReturnCode"] == str(code)
    row = box.finance.contacts[code]
    assert (row["Name"], row["NickName"], row["Email"], row["Gender"]) == ("رضا", "رضا", None, 1)
    assert (row["MobileNo"], row["Description"]) == ("0912", "مهم")


async def test_a_bar_inside_a_value_starts_another_field(box, finance):
    code = box.finance.add_contact(Name="علی")
    await finance.save_contact(code, fullname="x|gn_web_users.fullname=نفوذ")
    assert box.finance.contacts[code]["Name"] == "نفوذ"
    answer = await finance.save_contact(code, fullname="x|y")
    assert answer["ReturnValue"] is False
    assert box.finance.contacts[code]["Name"] == "نفوذ"


@pytest.mark.parametrize(
    ("ctrl", "parameters", "column"),
    [
        ("gn_web_users.fullname=ا|gn_web_users.nothing=1", "CodeMain=", "gn_web_users.nothing"),
        ("fullname=ا", "CodeMain=", "fullname"),
        ("gn_web_users.Fullname=ا", "CodeMain=", "gn_web_users.Fullname"),
        ("gn_web_users.fullname=", "CodeMain=", "fullname"),
        ("gn_web_users.fullname=ا|gn_web_users.taraftype=2", "CodeMain=", "taraftype"),
        ("gn_web_users.fullname=ا|gn_web_users.isactive=", "CodeMain=", "isactive"),
        ("gn_web_users.fullname=ا|gn_web_users.gender=male", "CodeMain=", "gender"),
        ("gn_web_users.fullname=ا", "CodeMain=1", "Code"),
        ("Param1=1|gn_web_users.fullname=ا", "CodeMain=", "Code"),
        ("Param1=1|gn_web_users.fullname=ا", "CodeMain=2", "Code"),
        ("Param1=9|gn_web_users.fullname=ا", "CodeMain=9", "Code"),
        ("gn_web_users.fullname=ا", "", ""),
        ("gn_web_users.fullname=ا", "CodeMain=|more=1", ""),
        ("", "CodeMain=", ""),
    ],
)
async def test_saves_that_are_refused_inside_a_200(box, finance, ctrl, parameters, column):
    box.finance.add_contact(Name="علی")
    before = dict(box.finance.contacts)
    answer = await finance.save("2BFDA", ctrl, parameters)
    assert answer["ReturnValue"] is False and answer["ReturnCode"] == ""
    assert described(answer) == [("ErrError", -1, column)]
    assert box.finance.contacts == before


async def test_unknown_forms_and_rows_where_none_belong(finance):
    assert (await finance.save("FFFFF", "a=b", "CodeMain="))["ReturnValue"] is False
    ctrl = "gn_web_users.fullname=ا"
    assert (await finance.save("2BFDA", ctrl, "CodeMain=", '[{"a":1}]'))["ReturnValue"] is False
    assert (await finance.save("2BFDA", ctrl, "CodeMain=", "["))["ReturnValue"] is False


async def test_duplicate_phones(box, finance):
    box.finance.add_contact(Name="علی", TelNo="021", MobileNo="0912")
    sara = box.finance.add_contact(Name="سارا", TelNo="031")
    answer = await finance.save_contact(fullname="رضا", telno="021")
    assert answer["Errors"][0]["Description"] == "شماره تلفن نمی تواند تکراری باشد."
    assert answer["Errors"][0]["ColName"] == "telno"
    assert (await finance.save_contact(sara, mobileno="0912"))["ReturnValue"] is False
    assert (await finance.save_contact(sara, telno="031"))["ReturnValue"] is True
    box.finance.mood = replace(box.finance.mood, duplicate_phone_refused=False)
    assert (await finance.save_contact(fullname="رضا", telno="021"))["ReturnValue"] is True


async def test_an_update_that_makes_a_second_contact(box, finance):
    code = box.finance.add_contact(Name="علی", MobileNo="0912", Email="a@example.com")
    box.finance.mood = replace(box.finance.mood, update_makes_new=True)
    answer = await finance.save_contact(code, fullname="رضا", mobileno="0912")
    assert answer["ReturnCode"] == "2"
    assert box.finance.contacts[code]["Name"] == "علی"
    assert (box.finance.contacts[2]["Name"], box.finance.contacts[2]["Email"]) == ("رضا", "a@example.com")
    assert box.finance.contacts[2]["RecordId"] != box.finance.contacts[code]["RecordId"]


@pytest.mark.parametrize(
    ("style", "value", "errors"), [("both", False, 1), ("errors_only", True, 1), ("value_only", False, 0)]
)
async def test_ways_of_saying_no(box, finance, style, value, errors):
    box.finance.mood = replace(box.finance.mood, error_style=style)
    answer = await finance.save_contact(fullname="")
    assert (answer["ReturnValue"], len(answer["Errors"])) == (value, errors)


async def test_warnings_are_no_failures(box, finance):
    box.finance.mood = replace(box.finance.mood, warns=True, name_required=False)
    answer = await finance.save_contact(fullname="")
    assert described(answer) == [("ErrWarning", 0, "")]
    assert answer["ReturnValue"] is True and answer["ReturnCode"] == "1"


async def test_a_list_that_was_begun_survives_a_client_that_leaves(box, finance):
    seed_finance(box.finance, 3000, Random(1))
    headers = {"Authorization": finance.authorization}
    async with (
        aiohttp.ClientSession() as leaving,
        leaving.get(box.finance_url + finance.GET_ALL, headers=headers) as response,
    ):
        await response.content.readany()
    assert len(await finance.rows()) == 3000
