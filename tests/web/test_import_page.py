"""The import in the dashboard and in the API: start, follow, stop, resume, and who may."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic.alias_generators import to_camel

from hamgam.app.pages.shell import marked
from hamgam.app.words import WORDS
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from hamgam.trail import import_plans, import_runs
from hamgam.trail.import_runs import Progress, RunRequest, RunState
from tests.bench import Bench, bench
from tests.jobs.test_worker import until, worker
from tests.web.conftest import NOW, Installation
from tests.web.signed_in import asking_as
from tests.web.test_pages import well_formed


@pytest.fixture
def installation() -> Installation:
    return Installation()


@asynccontextmanager
async def visiting(
    db: Database, role: Role = Role.ADMIN, *, works: bool = True
) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking_as(role, Installation(worker=works), db) as client:
        client.headers["accept-language"] = "en"
        yield client


def fill(b: Bench, count: int) -> None:
    for n in range(count):
        b.box.finance.add_contact(Name=f"مشتری {n}")


async def reached(client: httpx2.AsyncClient, run: str, state: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found.append((await client.get(f"/api/v1/imports/{run}")).json())
        return bool(found[-1]["state"] == state)

    await until(there)
    return found[-1]


async def ask(client: httpx2.AsyncClient, **wanted: Any) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/imports", json={to_camel(name): value for name, value in wanted.items()}
    )
    assert answer.status_code == 202, answer.text
    asked = answer.json()
    assert isinstance(asked, dict)
    return asked


async def test_a_program_plans_starts_and_follows_an_import(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 5)
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        plan = await reached(client, (await ask(client, dry_run=True))["id"], "DONE")
        assert (plan["created"], plan["skipped"], plan["reasons"]) == (5, 1, {"INACTIVE": 1})
        assert b.writes("crm") == []
        run = await reached(client, (await ask(client, limit=2))["id"], "DONE")
        assert (run["created"], run["finishedAt"], run["startedBy"]) == (2, None, "somebody")
        runs = (await client.get("/api/v1/imports")).json()
        assert {(each["dryRun"], each["state"]) for each in runs} == {(False, "DONE"), (True, "DONE")}


async def test_the_second_of_two_gets_409_and_is_told_which_one_runs(db: Database) -> None:
    async with visiting(db, works=False) as client:
        first = await ask(client)
        second = await client.post("/api/v1/imports", json={"dryRun": True})
        assert second.status_code == 409
        assert first["id"] in second.json()["detail"]
        page = await client.post("/import/start", data={"confirmed": "1", "run": str(uuid4())})
        assert page.status_code == 409
        assert WORDS["en"]["import.trouble.RUNS_ALREADY"] in page.text
        assert f"/import/{first['id']}/stop" in page.text
        assert str(marked(WORDS["en"]["import.no_worker"])) in page.text


async def test_a_double_click_starts_one(db: Database) -> None:
    async with visiting(db) as client:
        form = {"confirmed": "1", "run": str(uuid4())}
        clicks = await asyncio.gather(*(client.post("/import/start", data=form) for _ in range(3)))
        assert Counter(click.status_code for click in clicks) == {303: 3}
        late = await client.post("/import/start", data=form)
        assert (late.status_code, late.headers["location"]) == (303, "/import")
        assert [run["id"] for run in (await client.get("/api/v1/imports")).json()] == [form["run"]]


async def test_a_person_confirms_with_the_numbers_of_the_plan_before_anything_is_written(
    db: Database,
) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 7)
        b.person(customerNumber=str(min(b.box.finance.contacts)))
        unknown = await client.get("/import/confirm?lang=en")
        assert WORDS["en"]["import.doubt.NO_PLAN"] in unknown.text
        planned = await client.post("/import/start", data={"dry_run": "1", "run": str(uuid4())})
        assert planned.status_code == 303
        [plan] = (await client.get("/api/v1/imports")).json()
        await reached(client, plan["id"], "DONE")
        asked = await client.post("/import/start", data={"run": str(uuid4()), "limit": "۳"})
        assert asked.status_code == 303
        assert len((await client.get("/api/v1/imports")).json()) == 1
        confirm = await client.get(asked.headers["location"])
        assert well_formed(confirm.text)
        assert WORDS["en"]["import.confirm.counts"].format(6, 1) in confirm.text
        assert WORDS["en"]["import.confirm.limit"].format(3) in confirm.text
        form = dict(re.findall(r'name="(\w+)" value="([^"]+)"', confirm.text))
        assert form["limit"] == "3"
        assert WORDS["en"]["import.start.limit"].format(3) in confirm.text
        started = await client.post("/import/start", data=form)
        assert started.status_code == 303
        run = await reached(client, form["run"], "DONE")
        assert (run["created"] + run["linked"], run["limit"], run["notLookedAt"]) == (3, 3, 4)
        page = (await client.get(f"/import/{form['run']}")).text
        assert WORDS["en"]["import.unseen.limit"].format(4) in page


async def planned(client: httpx2.AsyncClient) -> str:
    """The id of a plan that is done."""
    plan = await reached(client, (await ask(client, dry_run=True))["id"], "DONE")
    return str(plan["id"])


async def listed(client: httpx2.AsyncClient, run: str, **wanted: Any) -> tuple[list[dict[str, Any]], int]:
    answer = await client.get(f"/api/v1/imports/{run}/contacts", params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["contacts"], answer.json()["next"]


async def test_every_number_of_a_plan_leads_to_its_contacts(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 3)
        customer = b.person(customerNumber=str(min(b.box.finance.contacts)))
        b.box.finance.add_contact(Name="رفته", IsActive=False)
        run = await planned(client)
        page = (await client.get("/import")).text
        assert f"/import/{run}/contacts?outcome=created" in page
        linked = (await client.get(f"/import/{run}/contacts?outcome=linked")).text
        assert well_formed(linked)
        assert "مشتری 0" in linked and f"/records/customer/{customer}" in linked
        assert "مشتری 1" not in linked
        gone = (await client.get(f"/import/{run}/contacts?reason=INACTIVE")).text
        assert f"/import/{run}/contacts?reason=INACTIVE" in page
        assert "رفته" in gone and WORDS["en"]["import.plan.skipped"] in gone
        assert "مشتری" not in gone
        contacts, following = await listed(client, run, outcome="created")
        assert [contact["name"] for contact in contacts] == ["مشتری 1", "مشتری 2"]
        assert [contact["financeId"] for contact in contacts] == sorted(map(str, b.box.finance.contacts))[1:3]
        assert following is None
        contacts, _ = await listed(client, run, reason="NUMBER_IN_CRM")
        assert [contact["crmId"] for contact in contacts] == [customer]


async def test_the_contacts_of_a_plan_are_read_page_by_page(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 205)
        run = await planned(client)
        names, after = list[str](), 0
        while after is not None:
            contacts, after = await listed(client, run, after=after, limit=90)
            names += [contact["name"] for contact in contacts]
        assert names == [f"مشتری {n}" for n in range(205)]
        page = (await client.get(f"/import/{run}/contacts")).text
        further = re.findall(r'rel="next" href="([^"]+)"', page)
        assert further == [f"/import/{run}/contacts?after=100"]
        assert "مشتری 100<" in (await client.get(further[0])).text
        beyond = await client.get(f"/import/{run}/contacts?after=9999")
        assert WORDS["en"]["import.contacts.no_more"] in beyond.text


async def test_only_the_newest_plan_is_kept(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 2)
        old, new = await planned(client), await planned(client)
        assert [len((await listed(client, run))[0]) for run in (old, new)] == [0, 2]
        page = await client.get(f"/import/{old}/contacts")
        assert (page.status_code, WORDS["en"]["import.contacts.none"] in page.text) == (200, True)
        assert f"/import/{old}/contacts" not in (await client.get(f"/import/{old}")).text
        await import_plans.purge(db, NOW - timedelta(days=1))
        assert len((await listed(client, new))[0]) == 2
        await import_plans.purge(db, NOW + timedelta(days=1))
        assert (await listed(client, new))[0] == []


async def test_a_viewer_sees_no_name_of_a_plan(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client, visiting(db, Role.VIEWER) as viewer:
        b.box.finance.add_contact(Name="قناری زردپر")
        run = await planned(client)
        for path in (f"/import/{run}/contacts", f"/api/v1/imports/{run}/contacts"):
            assert "قناری زردپر" in (await client.get(path)).text
            hidden = await viewer.get(path)
            assert (hidden.status_code, "زردپر" in hidden.text) == (200, False)


@pytest.mark.parametrize(
    "query", ["outcome=x", "reason=x", "reason=%00", "after=-1", "after=x", "after=99999999999"]
)
async def test_a_wrong_question_about_a_plan_is_refused(db: Database, query: str) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        run = await planned(client)
        for path in (f"/import/{run}/contacts", f"/api/v1/imports/{run}/contacts"):
            refused = await client.get(f"{path}?{query}")
            assert 400 <= refused.status_code < 500
            assert query.split("=")[0] in refused.text


async def test_a_run_that_writes_has_no_list_of_a_plan(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 1)
        run = (await reached(client, (await ask(client))["id"], "DONE"))["id"]
        for path in (f"/import/{run}/contacts", f"/api/v1/imports/{run}/contacts"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_a_run_is_stopped_and_resumed_with_plain_forms(db: Database, lang: str) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    async with bench(db) as b, worker(b), visiting(db) as client:
        client.headers["accept-language"] = lang
        b.box.latency_seconds = 0.05
        fill(b, 250)
        run = await ask(client)
        await b.box.journal.wait_for(5, system="crm", operation="person/create")

        async def shows_progress() -> bool:
            page = (await client.get("/import")).text
            return "<progress" in page and f"/import/{run['id']}/stop" in page

        await until(shows_progress)
        stopping = await client.post(f"/import/{run['id']}/stop")
        assert (stopping.status_code, stopping.headers["location"]) == (303, "/import")
        stopped = await reached(client, run["id"], "STOPPED")
        assert stopped["stoppedBy"] == "somebody"
        page = (await client.get("/import")).text
        assert well_formed(page)
        assert words["import.stopped_by"].format("somebody") in page
        assert f"/syncs?run={run['id']}&amp;status=SUCCESS&amp;operation=CREATE" in page
        b.box.latency_seconds = 0
        assert (await client.post(f"/import/{run['id']}/resume")).status_code == 303
        done = await reached(client, run["id"], "DONE")
        assert (done["created"], done["resumedBy"]) == (250, "somebody")
        assert (await client.post(f"/import/{run['id']}/stop")).status_code == 409
        assert (await client.post(f"/import/{run['id']}/resume")).status_code == 409
        one = (await client.get(f"/import/{run['id']}")).text
        assert words["import.this"] in one
        assert well_formed(one)


@pytest.mark.parametrize("role", list(Role))
async def test_who_may(db: Database, role: Role) -> None:
    run = await _left(db, detail="bad thing 09121112233", trouble="BAD_REQUEST")
    async with visiting(db, role) as client:
        for path in (
            "/import",
            "/import/live",
            f"/import/{run}",
            "/api/v1/imports",
            f"/api/v1/imports/{run}",
        ):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert ("09121112233" in answer.text) == (role is not Role.VIEWER)
        acts = [
            client.get("/import/confirm"),
            client.post("/import/start", data={"dry_run": "1"}),
            client.post(f"/import/{run}/resume"),
            client.post(f"/api/v1/imports/{run}/stop"),
            client.post("/api/v1/imports", json={}),
            client.post(f"/api/v1/imports/{run}/resume"),
            client.post(f"/import/{run}/stop"),
        ]
        answers = [(await act).status_code for act in acts]
        allowed = role is Role.ADMIN
        assert all((status != 403) == allowed for status in answers), answers
        page = (await client.get("/import")).text
        assert ("/import/start" in page) == allowed
        assert ("<form" in page) == allowed


async def _left(db: Database, *, detail: str = "", trouble: str | None = None) -> str:
    request = RunRequest(id=uuid4(), started_by="مینا")
    assert await import_runs.begin(db, request, NOW)
    progress = Progress(counts={"total": 9, "failed": 2}, reasons={"ANSWER_LOST": 2})
    await import_runs.end(db, request.id, RunState.FAILED, progress, NOW, trouble=trouble, detail=detail)
    return str(request.id)


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize(
    "trouble", ["BAD_CREDENTIALS", "INTERNAL", "DIED", "TOO_MANY_NEW", "FINISHED_BEFORE", "FROM_THE_FUTURE"]
)
async def test_every_trouble_has_its_words(db: Database, lang: str, trouble: str) -> None:
    await _left(db, trouble=trouble)
    async with visiting(db) as client:
        page = (await client.get(f"/import?lang={lang}")).text
        assert well_formed(page)
        assert "import." not in re.sub(r"/static/\S+|import\.css", "", page)


async def test_nothing_yet_and_a_run_that_only_waits(db: Database) -> None:
    async with visiting(db, works=False) as client:
        empty = (await client.get("/import?lang=en")).text
        assert WORDS["en"]["import.none"] in empty
        run = await ask(client)
        page = (await client.get("/import?lang=en")).text
        assert WORDS["en"]["import.state.WAITING"] in page
        assert (await client.post(f"/import/{run['id']}/stop")).status_code == 303
        assert (await reached(client, run["id"], "STOPPED"))["stoppedBy"] == "somebody"


async def test_wrong_words_are_told_and_change_nothing(db: Database) -> None:
    async with visiting(db) as client:
        for path in (
            "/import/not-an-id",
            "/import/live?run=x",
            "/import/confirm?limit=0",
            "/api/v1/imports/x",
        ):
            assert (await client.get(path)).status_code == 400, path
        for form in ({"limit": "-3"}, {"limit": "many"}, {"run": "x"}, {"limit": "9" * 30}):
            answer = await client.post("/import/start", data=form | {"confirmed": "1"})
            assert answer.status_code == 400, form
        for wanted in ({"limit": 0}, {"limit": "x"}, {"limits": 3}, {"dryRun": "perhaps"}, []):
            assert (await client.post("/api/v1/imports", json=wanted)).status_code == 400, wanted
        for path in (f"/import/{uuid4()}", f"/api/v1/imports/{uuid4()}"):
            assert (await client.get(path)).status_code == 404
            for act in ("stop", "resume"):
                assert (await client.post(f"{path}/{act}")).status_code == 404
        assert (await client.get("/api/v1/imports")).json() == []


async def test_a_page_without_a_database_says_so() -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with visiting(nowhere) as client:
        answer = await client.get("/import?lang=en")
    await nowhere.aclose()
    assert answer.status_code == 503
    assert WORDS["en"]["gone"] in answer.text
