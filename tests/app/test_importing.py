"""The report of an import: streamed, in the shape that it always had, whatever the number of contacts."""

import json
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from hamgam.app.commands.importing import Records, _document, _show
from hamgam.app.commands.output import print_json_with
from hamgam.errors import Reason
from hamgam.model import CrmId, FinanceId
from hamgam.sync.fields import FieldChange
from hamgam.sync.import_lines import Line
from hamgam.sync.initial_import import ImportResult

RESULT = ImportResult(
    dry_run=True, total=3, outcomes=Counter(created=2, skipped=1), reasons=Counter({Reason.INACTIVE: 1})
)
HEAD = {
    "dry_run": True,
    "total": 3,
    "created": 2,
    "linked": 0,
    "skipped": 1,
    "failed": 0,
    "reasons": {"INACTIVE": 1},
    "seconds": 1.25,
}


@pytest.fixture
def records() -> Iterator[Records]:
    with tempfile.TemporaryFile() as file:
        yield Records(file)


def test_the_streamed_document_has_its_shape(records: Records, capsys: pytest.CaptureFixture[str]) -> None:
    changes = (FieldChange("name", None, 'سارا "\n[/x]'), FieldChange("note", "a", None))
    records.add(Line(FinanceId("1"), None, "skipped", Reason.INACTIVE))
    records.add(Line(FinanceId("2"), CrmId("x"), "created", None, changes))
    print_json_with(_document(RESULT, 1.25), "records", records)
    assert json.loads(capsys.readouterr().out) == HEAD | {
        "records": [
            {"financeId": "1", "crmId": None, "outcome": "skipped", "reason": "INACTIVE", "changes": []},
            {
                "financeId": "2",
                "crmId": "x",
                "outcome": "created",
                "reason": None,
                "changes": [
                    {"field": "name", "before": None, "after": 'سارا "\n[/x]'},
                    {"field": "note", "before": "a", "after": None},
                ],
            },
        ]
    }
    _show(RESULT, records, 1)
    assert "name: '' -> 'سارا \"\\n[/x]'" in capsys.readouterr().out


def test_no_records_are_an_empty_list(records: Records, capsys: pytest.CaptureFixture[str]) -> None:
    print_json_with(_document(RESULT, 1.25), "records", records)
    assert json.loads(capsys.readouterr().out) == HEAD | {"records": []}


def test_many_records_are_not_held_in_memory(records: Records, capfd: pytest.CaptureFixture[str]) -> None:
    """Ten thousand contacts with twenty values each are about 30 MB of objects, and 15 MB of text."""
    values = tuple(f"field{n}" for n in range(20))
    tracemalloc.start()
    try:
        for number in range(10_000):
            changes = tuple(FieldChange(name, None, f"{name} of {number}") for name in values)
            records.add(Line(FinanceId(str(number)), None, "created", None, changes))
        print_json_with(_document(RESULT, 1), "records", records)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000
    assert len(json.loads(capfd.readouterr().out)["records"]) == 10_000
