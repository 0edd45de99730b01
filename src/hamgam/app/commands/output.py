"""What commands print: one JSON document, or tables for people.

Much of it was written by others: what looks like markup is text, and no control sign reaches the terminal.
"""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence

import orjson
from rich.console import Console
from rich.table import Table

from hamgam.errors import Reason
from hamgam.model import System
from hamgam.reasons import SENTENCES
from hamgam.sync.fields import FieldChange

_FILE_WIDTH = 240
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def print_json(document: object) -> None:
    sys.stdout.write(_indented(document) + "\n")


def print_json_with(document: Mapping[str, object], name: str, items: Iterable[bytes]) -> None:
    """The document with a list at its end that is never in memory as a whole; each item is JSON already."""
    sys.stdout.write(f'{_indented(document).removesuffix("}").rstrip()},\n  "{name}": [')
    for number, item in enumerate(items):
        sys.stdout.write(f"{',' if number else ''}\n    {item.decode()}")
    sys.stdout.write("\n  ]\n}\n")


def _indented(document: object) -> str:
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(document, option=option, default=str).decode()


def console() -> Console:
    """For people, on stdout; what goes into a file or another program is not broken into lines."""
    width = None if sys.stdout.isatty() else _FILE_WIDTH
    return Console(highlight=False, markup=False, emoji=False, width=width)


def progress_console() -> Console:
    """For progress and remarks, on stderr."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Table:
    made = Table(*headings, title=title, title_justify="left")
    for row in rows:
        made.add_row(*("" if cell is None else shown(str(cell)) for cell in row))
    return made


def shown(text: str) -> str:
    """Text of others for a terminal: a control sign could move the cursor or rename the window."""
    return _CONTROL.sub("\ufffd", text)


def remote_line(reason: Reason, system: System | None) -> str:
    """What a remote system's failure means and what to do, in one line, without the remote text."""
    sentence = SENTENCES[reason]
    who = f"{system} ({system.upper()}_API_BASE_URL): " if system else ""
    return f"{who}{reason}: {sentence.en} {sentence.next_step_en}"


def counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items())) or "none"


def change_document(change: FieldChange) -> dict[str, str | None]:
    return {"field": change.field, "before": change.before, "after": change.after}


def change_text(change: FieldChange) -> str:
    return f"{change.field}: {change.before or ''!r} -> {change.after or ''!r}"
