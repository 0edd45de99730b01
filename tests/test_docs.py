"""The documentation says what the code says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hamgam.errors import Reason
from hamgam.model import Kind
from hamgam.settings import describe, load_settings
from hamgam.sync.fields import CUSTOMER
from hamgam.systems.payamgostar.fields import CUSTOMER as IN_CRM
from hamgam.systems.siagh.fields import CONTACT as IN_FINANCE
from hamgam.systems.siagh.forms import create_contact

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
