"""The figures, as a table for the terminal and as a page for the documentation."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

_PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_HEADINGS = ("what", "figure", "limit", "ratio", "budget", "met")

_TEXT = """\
<!-- Written by `make bench`; a change here is lost. -->

# Performance

Measured on loopback with {latency} ms per remote call, on {machine}, {date}. Both simulated systems,
PostgreSQL (embedded, default durability) and the program ran as processes of their own on this one machine.
The limit is what a bare HTTP client reaches that makes the same requests with the same concurrency in the
same run; the ratio compares the figure with it.

Figures move with whatever else the machine does, ratios least. The CPU of a sync is mostly that of its
round trips to PostgreSQL: those of the job engine, and seven of ours to take the entity, read its mapping,
open the log row, note the intent, end it all in one commit, and let go. It rises where the database
and the remote systems share the processor's caches, as they do here.

{table}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the result. `met` is None where the budget says nothing."""

    what: str
    value: str
    limit: str = ""
    ratio: str = ""
    budget: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return (self.what, self.value, self.limit, self.ratio, self.budget, verdict)


def machine() -> str:
    return f"{psutil.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def show(figures: Sequence[Figure]) -> None:
    table = Table(title=f"Hamgam, {machine()}")
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    for figure in figures:
        table.add_row(*(cell.strip("*") for cell in figure.cells))
    Console().print(table)


def write(figures: Sequence[Figure], latency_seconds: float) -> Path:
    lines = ["| " + " | ".join(cells) + " |" for cells in (_HEADINGS, ("---",) * len(_HEADINGS))]
    lines += ["| " + " | ".join(figure.cells) + " |" for figure in figures]
    page = _TEXT.format(
        latency=round(latency_seconds * 1000),
        machine=machine(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        table="\n".join(lines),
    )
    _PAGE.write_text(page, encoding="utf-8")
    return _PAGE
