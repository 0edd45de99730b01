import ast
import asyncio
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

import hamgam.sandbox
from hamgam.sandbox import People, Sandbox, seed_finance, serve
from hamgam.sandbox.directory import Directory, organization_code, person_code


def test_the_same_seed_makes_the_same_people():
    first, second = Directory(Random(5)), Directory(Random(5))
    assert [first.anyone() for _ in range(50)] == [second.anyone() for _ in range(50)]


def test_people_vary_as_in_real_books():
    directory = Directory(Random(1))
    everyone = [directory.anyone() for _ in range(3000)]
    names = " ".join(someone.name for someone in everyone)
    assert "ي" in names and "ی" in names and "\u200c" in names
    organizations = [someone for someone in everyone if someone.is_organization]
    assert 600 < len(organizations) < 1200
    assert all(someone.name.startswith(("شرکت", "شركت")) for someone in organizations)
    for values in ({s.mobile for s in everyone}, {s.phone for s in everyone}, {s.email for s in everyone}):
        assert len(values) == len(everyone)
    assert all(len(s.mobile) == 11 and s.mobile.startswith("09") for s in everyone)
    assert all(len(s.national_code) == (11 if s.is_organization else 10) for s in everyone)
    assert all(len(s.postal_code) == 10 for s in everyone)


def test_check_digits():
    assert person_code(1) == "0200000012"
    for number in range(0, 10**7, 99_991):
        code = person_code(number)
        rest = sum(int(digit) * (10 - place) for place, digit in enumerate(code[:9])) % 11
        assert int(code[9]) == (rest if rest < 2 else 11 - rest)


def test_check_digits_of_organizations():
    assert organization_code(28479)[:10] == "1090028479"
    for number in range(0, 10**7, 99_991):
        *digits, check = (int(digit) for digit in organization_code(number))
        shifted = [digit + digits[9] + 2 for digit in digits]
        weights = [29, 27, 23, 19, 17] * 2
        total = sum(one * weight for one, weight in zip(shifted, weights, strict=True))
        assert check == (0 if total % 11 == 10 else total % 11)


async def test_seeded_contacts_hold_something_of_everything(box):
    codes = seed_finance(box.finance, 250, Random(2))
    rows = [box.finance.contacts[code] for code in codes]
    assert sum(row["IsAdminUser"] for row in rows) == 3
    assert sum(not row["IsActive"] for row in rows) == 8
    assert sum(row["Name"] is None for row in rows) == 3
    assert {row["TowardType"] for row in rows} == {True, False}
    assert any(row["MobileNo"] is None and row["Name"] for row in rows)


async def test_few_contacts_have_oddities_too(box):
    rows = [box.finance.contacts[code] for code in seed_finance(box.finance, 5, Random(2))]
    assert [row["IsAdminUser"] for row in rows] == [True, False, False, False, False]
    assert rows[1]["IsActive"] is False and rows[2]["Name"] is None


async def test_people_work(box):
    people, rng = People(box.crm), Random(9)
    done = [people.act(rng) for _ in range(200)]
    kinds = {action.what for action in done}
    assert done[0].what == "customer_added"
    assert kinds == {
        "customer_added",
        "phone_changed",
        "name_changed",
        "address_changed",
        "invoice_added",
        "quote_added",
    }
    assert all(action.detail and box.crm.get(action.crm_id) for action in done)
    lines = [line for invoice in box.crm.invoices.values() for line in invoice["details"]]
    assert any(line["count"] != line["count"].to_integral_value() for line in lines)
    assert all(isinstance(line["baseUnitPrice"], Decimal) for line in lines)
    numbers = [row["customerNumber"] for row in [*box.crm.persons.values(), *box.crm.organizations.values()]]
    assert len(numbers) == len(set(numbers))
    with pytest.raises(ValueError, match="strike"):
        people.act(rng, "strike")


async def test_serving_until_it_is_stopped(session):
    stop = asyncio.Event()
    boxes: list[Sandbox] = []
    ready = asyncio.Event()

    def started(box):
        boxes.append(box)
        ready.set()

    served = asyncio.create_task(
        serve(
            crm_port=0,
            finance_port=0,
            customers=12,
            webhook_targets={"json": "http://127.0.0.1:1/hook"},
            webhook_secret="other",
            started=started,
            stop=stop,
        )
    )
    await ready.wait()
    [box] = boxes
    async with session.get(box.finance_url + "/_sandbox/state") as response:
        assert (await response.json())["finance"]["contacts"] == 12
    assert box.crm.webhook_secret == "other" and box.crm.webhook_targets["json"].endswith("/hook")
    stop.set()
    await served


def test_the_sandbox_knows_nothing_of_the_engine():
    folder = Path(hamgam.sandbox.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                assert not name.startswith("hamgam") or name.startswith("hamgam.sandbox"), (file, name)


def test_nobody_touches_those_who_are_spared() -> None:
    crm = Sandbox().crm
    spared, other = (crm.add_customer("person", nickName=name, deliver=False) for name in ("مریم", "رضا"))
    people, rng = People(crm, spared={spared}), Random(1)
    assert {people.act(rng, "edit_customer").crm_id for _ in range(20)} == {other}
