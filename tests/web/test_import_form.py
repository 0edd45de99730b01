"""The form of the import and its confirmation: numbers that hold, and from everywhere a way on."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest

from hamgam.app.pages.shell import marked
from hamgam.app.words import WORDS, Lang, Writer
from hamgam.db.engine import Database
from hamgam.people.roles import Role
from hamgam.trail import import_runs
from hamgam.trail.import_runs import Progress, RunRequest, RunState
from tests.bench import bench
from tests.jobs.test_worker import worker
from tests.web.conftest import NOW
from tests.web.test_import_page import ask, fill, reached, visiting
from tests.web.test_pages import well_formed

EN = WORDS["en"]


def buttons(page: str) -> list[tuple[bool, str]]:
    """Of a page's forms for an import: whether each is the main one, and what it says."""
    form = page.partition('action="/import/start"')[2].partition("</form>")[0]
    return [("main" in kind, label) for kind, label in re.findall(r"<button([^>]*)>([^<]+)</button>", form)]


def primary(page: str) -> list[str]:
    """What stands out in the run that is shown."""
    run = page.partition('<section class="panel run')[2]
    return re.findall(r'class="(?:button )?main"[^>]*>([^<]+)<', run)


async def left(
    db: Database, *, dry_run: bool = False, state: RunState | None = RunState.DONE, **counts: int
) -> None:
    request = RunRequest(id=uuid4(), dry_run=dry_run)
    assert await import_runs.begin(db, request, NOW)
    if state is not None:
        finished = not dry_run and state is RunState.DONE
        progress = Progress(counts=counts, reasons={})
        await import_runs.end(db, request.id, state, progress, NOW, finished=finished)


async def test_the_counts_of_a_plan_with_a_limit_are_not_those_of_an_import_without_one(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 10)
        await reached(client, (await ask(client, dry_run=True, limit=3))["id"], "DONE")
        whole = (await client.get("/import/confirm")).text
        assert EN["import.doubt.OTHER_LIMIT"] in whole
        assert EN["import.confirm.counts"].format(3, 0) not in whole
        assert buttons(whole) == [(True, EN["import.make_plan"]), (False, EN["import.start.unplanned"])]
        same = (await client.get("/import/confirm?limit=3")).text
        assert EN["import.confirm.counts"].format(3, 0) in same
        assert buttons(same) == [(True, EN["import.start.count"].format(3, 0))]
        assert well_formed(whole) and well_formed(same)


async def test_the_plan_is_what_stands_out_until_there_is_one_that_fits(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 2)
        empty = (await client.get("/import")).text
        assert buttons(empty) == [(True, EN["import.make_plan"]), (False, EN["import.to_confirm"])]
        assert primary(empty) == []
        await reached(client, (await ask(client, dry_run=True, limit=1))["id"], "DONE")
        page = (await client.get("/import")).text
        assert primary(page) == [EN["import.start.planned"]]
        assert 'href="/import/confirm?limit=1"' in page


async def test_a_plan_with_nothing_to_do_offers_no_start(db: Database) -> None:
    await left(db, dry_run=True, total=4, skipped=4)
    async with visiting(db) as client:
        page = (await client.get("/import")).text
        assert EN["import.nothing"] in page
        assert buttons(page) == [(True, EN["import.make_plan"])]
        assert primary(page) == []
        confirm = (await client.get("/import/confirm")).text
        assert EN["import.nothing"] in confirm
        assert buttons(confirm) == []


async def test_after_an_import_has_finished_the_next_is_meant_and_says_so(db: Database) -> None:
    async with bench(db) as b, worker(b), visiting(db) as client:
        fill(b, 2)
        page = (await client.get("/import")).text
        assert EN["import.finished.note"] not in page and 'name="force"' not in page
        await reached(client, (await ask(client))["id"], "DONE")
        page = (await client.get("/import")).text
        assert EN["import.finished.note"] in page and 'name="force"' in page
        fill(b, 1)
        asked = await client.post("/import/start", data={"run": str(uuid4()), "force": "1"})
        confirm = (await client.get(asked.headers["location"])).text
        assert EN["import.doubt.NO_PLAN"] in confirm and EN["import.finished.note"] in confirm
        form = dict(re.findall(r'name="(\w+)" value="([^"]+)"', confirm)) | {"dry_run": ""}
        assert (form["again"], form["force"]) == ("1", "1")
        assert (await client.post("/import/start", data=form)).status_code == 303
        run = await reached(client, form["run"], "DONE")
        assert (run["created"], run["skipped"]) == (1, 2)


async def test_a_page_from_before_the_end_is_refused_with_what_was_typed(db: Database) -> None:
    await left(db, total=1, created=1)
    async with visiting(db) as client:
        typed = {"run": str(uuid4()), "confirmed": "1", "limit": "25", "force": "1"}
        refused = await client.post("/import/start", data=typed)
        assert refused.status_code == 409
        assert EN["import.trouble.FINISHED_BEFORE"] in refused.text
        assert 'name="limit" value="25"' in refused.text
        assert re.search(r'name="force" value="1" checked', refused.text)


@pytest.mark.parametrize("lang", ["fa", "en"])
@pytest.mark.parametrize("typed", ["abc", "0", "-3", "9" * 30, '"><script>'])
async def test_a_mistyped_limit_is_given_back(db: Database, lang: Lang, typed: str) -> None:
    w = Writer(lang)
    async with visiting(db) as client:
        client.headers["accept-language"] = lang
        form = {"run": str(uuid4()), "limit": typed, "dry_run": "1"}
        for answer in (
            await client.post("/import/start", data=form),
            await client.get("/import/confirm", params={"limit": typed}),
        ):
            assert answer.status_code == 400
            assert w.word("import.mistyped.limit", 10_000_000) in answer.text
            shown = re.search(r'name="limit" value="([^"]*)"[^>]*aria-invalid="true"', answer.text)
            assert shown is not None and unescape(shown[1]) == typed
            assert well_formed(answer.text)
        assert (await client.get("/api/v1/imports")).json() == []


async def test_a_broken_id_of_a_form_asks_to_send_it_again(db: Database) -> None:
    async with visiting(db) as client:
        for answer in (
            await client.get("/import/confirm?run=x&limit=5"),
            await client.post("/import/start", data={"run": "x", "limit": "5"}),
        ):
            assert answer.status_code == 400
            assert EN["import.mistyped.run"] in answer.text
            assert 'name="limit" value="5"' in answer.text


async def test_looking_changes_nothing(db: Database) -> None:
    async with visiting(db) as client:
        await left(db, state=None)
        for path in ("/import", "/import/live", "/import/confirm"):
            assert (await client.get(path)).status_code == 200
        [run] = await import_runs.recent(db, 5)
        assert run.state is RunState.RUNNING


@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("queued", [True, False])
async def test_a_silent_run_is_not_called_running_and_has_a_way_on(
    db: Database, works: bool, queued: bool
) -> None:
    run = RunRequest(id=uuid4())
    long_ago = NOW - timedelta(minutes=5)
    if queued:
        async with db.transaction() as connection:
            await import_runs.ask(connection, run, long_ago)
    assert await import_runs.begin(db, run, long_ago)
    await import_runs.note(
        db, run.id, Progress(counts={"total": 9, "created": 2}, reasons={}, per_second=3), long_ago
    )
    async with visiting(db, works=works) as client:
        page = (await client.get("/import")).text
        assert EN["import.state.SILENT"] in page and EN["import.state.RUNNING"] not in page
        assert "<progress" not in page
        way = "worker" if queued and works else "nobody" if queued else "command"
        assert str(marked(EN[f"import.silent.{way}"])) in page
        assert (str(marked(EN["import.no_worker"])) in page) == (queued and not works)
        assert (await client.post(f"/import/{run.id}/stop")).status_code == 303
        page = (await client.get("/import")).text
        assert (EN["import.can_resume"] in page) == (not queued)
        assert (f"/import/{run.id}/resume" in page) == (not queued)


async def test_a_plan_that_ended_early_is_not_said_to_go_on(db: Database) -> None:
    await left(db, dry_run=True, state=None)
    [run] = await import_runs.recent(db, 5)
    async with visiting(db) as client:
        assert (await client.post(f"/import/{run.id}/stop")).status_code == 303
        page = (await client.get("/import")).text
        assert EN["import.plan_anew"] in page and EN["import.can_resume"] not in page


async def test_the_confirmation_without_a_database_says_so() -> None:
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with visiting(nowhere) as client:
        answer = await client.get("/import/confirm")
    await nowhere.aclose()
    assert (answer.status_code, EN["gone"] in answer.text) == (503, True)


async def test_nobody_signed_in_has_words_in_both_languages(db: Database) -> None:
    request = RunRequest(id=uuid4(), started_by="local")
    assert await import_runs.begin(db, request, NOW)
    async with visiting(db, Role.VIEWER) as client:
        for lang, words in WORDS.items():
            page = (await client.get(f"/import?lang={lang}")).text
            assert words["people.nobody"] in page and "<bdi>local</bdi>" not in page
