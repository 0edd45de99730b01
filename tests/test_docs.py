"""The documentation says what the code says."""

import ast
import itertools
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cyclopts import App
from prometheus_client.parser import text_string_to_metric_families

from hamgam.app.cli import app
from hamgam.app.metrics import Metrics
from hamgam.app.status import status
from hamgam.db.engine import Database
from hamgam.db.tables import metadata, poll_cursor, sync_log
from hamgam.errors import Reason
from hamgam.model import Direction, EntityType, FinanceContact, FinanceId, Kind, Operation, Status, Trigger
from hamgam.settings import describe, load_settings
from hamgam.sync.fields import CUSTOMER
from hamgam.systems import findings
from hamgam.systems.payamgostar import probe as crm_probe
from hamgam.systems.payamgostar.fields import CUSTOMER as IN_CRM
from hamgam.systems.siagh import probe as finance_probe
from hamgam.systems.siagh.fields import CONTACT as IN_FINANCE
from hamgam.systems.siagh.forms import create_contact
from hamgam.systems.siagh.match import questions

ROOT = Path(__file__).parent.parent


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_generated_files_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "tools/generate_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_setting_is_documented():
    rows = [line for line in page("docs/settings.md").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [doc.name for doc in describe()]


def test_every_reason_is_documented():
    heads = [line for line in page("docs/reasons.md").splitlines() if line.startswith("## ")]
    assert [head.removeprefix("## ") for head in heads] == list(Reason)


@pytest.mark.parametrize("field", [field.name for field in CUSTOMER])
def test_every_field_is_documented(field):
    assert f"| `{field}` |" in page("docs/fields.md")


def test_all_three_field_tables_speak_of_the_same_fields():
    names = [field.name for field in CUSTOMER]
    assert [field.name for field in IN_CRM] == names
    assert [field.name for field in IN_FINANCE] == names
    assert [field.compare for field in CUSTOMER] == [field.compare_as for field in IN_FINANCE]


def test_the_example_file_changes_nothing_as_it_is(tmp_path):
    untouched = load_settings({}, tmp_path)
    (tmp_path / ".env").write_text(page(".env.example"), encoding="utf-8")
    assert load_settings({}, tmp_path) == untouched


def test_the_example_file_works_with_every_line_uncommented(tmp_path):
    settings = re.findall(r"^# ([A-Z_]+)=(.*)$", page(".env.example"), re.MULTILINE)
    assert settings == [(doc.name, doc.default) for doc in describe()]
    (tmp_path / ".env").write_text("\n".join(map("=".join, settings)), encoding="utf-8")
    assert load_settings({}, tmp_path).data_dir == tmp_path / "data"


def test_every_finance_column_is_written():
    fields = {field.name: f"value of {field.name}" for field in CUSTOMER}
    sent = create_contact(Kind.PERSON, "100-1", fields)["ctrlValues"]
    for field in IN_FINANCE:
        assert f"gn_web_users.{field.column}={fields[field.name]}" in sent.split("|")


PAGES = sorted(
    str(path.relative_to(ROOT)) for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern)
)


def blocks(name: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    fence = rf"^( *)```{language}\n(.*?)^ *```$"
    return [body for _, body in re.findall(fence, page(name), re.MULTILINE | re.DOTALL)]


def section(name: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no heading {heading}"
    return found[1]


# Commands


def commands(group: App, path: tuple[str, ...] = ("hamgam",)) -> Iterator[tuple[str, App]]:
    """Everything that can be run, by its words."""
    if group.default_command is not None and len(path) > 1:
        yield " ".join(path), group
    for name in group:
        if not name.startswith("-"):
            yield from commands(group[name], (*path, name))


def options(command: App) -> set[str]:
    names = (name for argument in command.assemble_argument_collection() for name in argument.names)
    return {name for name in names if name.startswith("--") and not name.startswith(("--no-", "--empty-"))}


COMMANDS = dict(commands(app))


def test_every_command_is_documented_and_no_other():
    headings = re.findall(r"^### (hamgam .*)$", page("docs/commands.md"), re.MULTILINE)
    assert sorted(headings) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_documented_and_no_other(name):
    rows = re.findall(r"^\| `(--[a-z-]+)", section("docs/commands.md", name), re.MULTILINE)
    assert sorted(rows) == sorted(options(COMMANDS[name]))


@pytest.mark.parametrize("name", PAGES)
def test_every_command_line_can_be_run(name):
    for line in itertools.chain.from_iterable(block.splitlines() for block in blocks(name, "sh")):
        words = shlex.split(line, comments=True)
        if words[:1] == ["hamgam"]:
            app.parse_args(words[1:], print_error=False, exit_on_error=False)
        if words[:1] == ["make"]:
            assert re.search(rf"^{words[-1]}:", page("Makefile"), re.MULTILINE), line


@pytest.mark.parametrize("language", ["sh", "ini", "bat"])
def test_both_readmes_have_the_same_steps(language):
    """The Persian one has commands of its own where it looks for trouble; the English one leads elsewhere."""
    english, persian = (
        [re.sub("…(.*…)?", "…", line.strip()) for line in "".join(blocks(name, language)).splitlines()]
        for name in ("README.md", "README.fa.md")
    )
    assert english == persian[: len(english)]


def test_windows_gets_what_make_does():
    make = page("Makefile").replace("\\\n\t", "")
    steps = [line for block in blocks("README.md", "bat") for line in block.splitlines()]
    installs = [line.partition(" install ")[2] for line in steps if " -m pip install " in line]
    recipes = re.findall(r"^\t\$\(PIP\) (.*)$", make, re.MULTILINE)
    assert sorted(installs) == sorted(recipes)
    assert ".venv\\Scripts\\hamgam demo" in steps


@pytest.mark.parametrize("name", [name for name in COMMANDS if "--json" in options(COMMANDS[name])])
def test_every_json_document_is_shown(name):
    text = section("docs/commands.md", name)
    shown = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(shown) == 1 or "as `hamgam sync` does" in text
    for document in shown:
        json.loads(document)


def shown(name: str):
    return json.loads(re.search(r"```json\n(.*?)```", section("docs/commands.md", name), re.DOTALL)[1])


async def test_the_status_document_is_the_real_one(db: Database):
    await db.execute(poll_cursor.insert().values(stream="person", cursor=datetime.now(UTC)))
    real = await status(db, lambda: datetime.now(UTC))
    assert keys(shown("hamgam status")) == keys(real.model_dump(mode="json"))


def keys(document: object) -> object:
    """The document without its values."""
    return {name: keys(inner) for name, inner in document.items()} if isinstance(document, dict) else None


def test_the_logs_document_has_all_columns():
    [row] = shown("hamgam logs")
    assert set(row) == set(sync_log.columns.keys()) - {"facet"}


# The database and its numbers


@pytest.mark.parametrize("name", PAGES)
def test_all_sql_runs(name, database_url):
    with psycopg.connect(database_url) as connection:
        for statements in blocks(name, "sql"):
            connection.execute(statements.encode())


async def test_every_metric_is_documented_and_no_other(db: Database):
    now = datetime.now(UTC)
    await db.execute(poll_cursor.insert().values(stream="person", cursor=now, polledAt=now))
    await db.execute(
        sync_log.insert().values(
            transactionId="be8892df-92ea-4c49-8608-2afed6f07dcb",
            entityType=EntityType.CUSTOMER,
            sourceEntity="customer",
            sourceEntityId="1",
            direction=Direction.CRM_TO_FINANCE,
            operation=Operation.UPDATE,
            status=Status.SUCCESS,
            triggerType=Trigger.POLL,
            startedAt=now,
            completedAt=now,
        )
    )
    told = (await Metrics(db, lambda: now).page()).decode()
    real = {
        family.name + "_total" * (family.type == "counter") for family in text_string_to_metric_families(told)
    }
    table = re.findall(r"^\| `(hamgam_[a-z_]+)` \|", page("docs/operations.md"), re.MULTILINE)
    assert sorted(table) == sorted(real)


def test_every_event_of_the_process_log_is_documented_and_no_other():
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    logged = r"logger\.(?:debug|info|warning|error)\(\s*(.*)"
    events = {
        event for line in re.findall(logged, sources) for event in re.findall(r'"([a-z_]+\.[a-z_]+)"', line)
    }
    table = section("docs/operations.md", "The process log")
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert {event for row in rows for event in re.findall(r"`([a-z_.]+)`", row)} - {"library"} == events


# The probe


def finding_codes(*modules) -> set[str]:
    """The first argument of everything that a probe adds to its findings, by its source."""
    codes: set[str] = set()
    for node in itertools.chain.from_iterable(ast.walk(tree(module)) for module in modules):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in ("add", "step"):
                codes |= spelled(node.args[0])
            if node.func.attr == "clock_difference":
                codes.add("clock_difference_seconds")
    return codes


def tree(module) -> ast.Module:
    return ast.parse(Path(module.__file__).read_text(encoding="utf-8"))


def spelled(code: ast.expr) -> set[str]:
    """A text, the name of the login step, or a text that ends in the key of a filter."""
    match code:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id="LOGIN"):
            return {findings.LOGIN}
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), ast.FormattedValue()]):
            return {start + key for key in questions(everything())}
    raise AssertionError(f"a finding's code is spelled in a new way: {ast.unparse(code)}")


def everything() -> FinanceContact:
    fields = {field.name: "1" for field in IN_FINANCE}
    return FinanceContact(code=FinanceId("1"), kind=Kind.PERSON, number="1", fields=fields)


@pytest.mark.parametrize(
    ("heading", "module"),
    [("CRM (Payamgostar)", crm_probe), ("Finance (Siagh)", finance_probe)],
)
def test_every_finding_is_documented_and_no_other(heading, module):
    rows = re.findall(r"^\| (`.*?) \|", section("docs/assumptions.md", heading), re.MULTILINE)
    documented = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert documented == finding_codes(module)


# The tree


def modules_in_the_tree() -> set[str]:
    """Names as `sync/match` or `app/pages/`: in a line of the tree, then two spaces and what they are."""
    named: set[str] = set()
    folder = ""
    for line in section("ARCHITECTURE.md", "The way of the data").split("```")[1].strip("\n").splitlines():
        names = re.split(r" {2,}", line.strip())[0].split(", ")
        if line.startswith(" "):
            named |= {folder + name for name in names}
            continue
        folder = names[0] if names[0].endswith("/") else ""
        named |= set(names) - {folder}
    return named


def modules_of_the_source() -> set[str]:
    source = ROOT / "src" / "hamgam"
    paths = (path.relative_to(source).with_suffix("") for path in source.rglob("*.py"))
    modules = (path.parts for path in paths if path.name not in ("__init__", "__main__"))
    return {"/".join(parts[:2]) + "/" * (len(parts) > 2) for parts in modules}


def test_every_module_has_its_place_in_the_tree_and_no_other():
    named, real = modules_in_the_tree(), modules_of_the_source()
    homeless, gone = sorted(real - named), sorted(named - real)
    assert not homeless, f"give these a place in the tree of ARCHITECTURE.md: {', '.join(homeless)}"
    assert not gone, f"these are in the tree of ARCHITECTURE.md and nowhere else: {', '.join(gone)}"


# Names and links


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    for link in re.findall(r"\]\(([^)\s]+)\)", page(name)):
        if re.match(r"https?:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), link


def test_every_page_is_linked():
    linked = {
        str(((ROOT / name).parent / link.partition("#")[0]).resolve().relative_to(ROOT.resolve()))
        for name in PAGES
        for link in re.findall(r"\]\(([^)\s:]+)\)", page(name))
    }
    assert {name for name in PAGES if name.startswith("docs/")} <= linked


OTHERS = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FORWARDED_ALLOW_IPS", "SIGTERM"}
OTHERS |= {"GET", "POST", "TOKEN", "PASSWORD", "FILE"}
"""Words in capitals that are no names of ours."""


@pytest.mark.parametrize("name", [name for name in PAGES if name != "CONTRIBUTING.md"])
def test_every_name_in_capitals_exists(name):
    settings = {doc.name for doc in describe()} | {f"{doc.name}_FILE" for doc in describe() if doc.secret}
    enums = (Reason, Status, Operation, Trigger, Direction, EntityType)
    known = settings | {member.value for enum in enums for member in enum} | OTHERS
    words = re.findall(r"`([A-Z][A-Z_]{2,}[A-Z])(?:=[^`]*)?`", page(name))
    assert set(words) <= known


def test_every_table_that_is_named_exists():
    names = {table.name for table in metadata.tables.values()}
    text = "".join(page(name) for name in PAGES)
    assert set(re.findall(r'(?:FROM|INTO|UPDATE) "(\w+)"', text)) <= names
