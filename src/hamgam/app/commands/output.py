"""What commands print: one JSON document, or tables for people."""

import sys
from collections.abc import Iterable, Mapping, Sequence

import orjson
from rich.console import Console
from rich.table import Table

from hamgam.sync.fields import FieldChange

_FILE_WIDTH = 240


def print_json(document: object) -> None:
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str)
    sys.stdout.write(text.decode() + "\n")


def console() -> Console:
    """For people, on stdout; what goes into a file or another program is not broken into lines.

    No markup: square brackets in what a remote system says would be read as such.
    """
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)


def progress_console() -> Console:
    """For progress and remarks, on stderr."""
    return Console(stderr=True, highlight=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Table:
    made = Table(*headings, title=title, title_justify="left")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items())) or "none"


def change_document(change: FieldChange) -> dict[str, str | None]:
    return {"field": change.field, "before": change.before, "after": change.after}


def change_text(change: FieldChange) -> str:
    return f"{change.field}: {change.before or ''!r} -> {change.after or ''!r}"
