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

_GROWTH = ("what", "1,000", "100,000", "times", "budget", "met")

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

The list of syncs finds a page in the stretches that its filters have of one index (`trail/listing.py`), so it
costs the same for a rare reason as for a common one, at the newest page and far back, and does not wait for
the database to clean up: after 98,000 rows had changed twice, without a vacuum, the first look took 0.7 s and
the next ones 0.2 s at most. Of each group of filters the slowest combination is shown.

{table}

## From 1,000 customers to 100,000

The same work at two sizes. The import has remote systems that answer at once, so that only our own part is
left; the other lines wait 20 ms for each call. A line that does not grow has 1 under *times*.

{growth}
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


@dataclass(frozen=True, slots=True)
class Growth:
    """What the same work costs with few and with many customers."""

    what: str
    few: float
    many: float
    at_most: float | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        budget = "" if self.at_most is None else f"≤ {self.at_most:g}"
        met = "" if self.at_most is None else "yes" if self.many <= self.at_most else "**no**"
        return (
            self.what,
            _figures(self.few),
            _figures(self.many),
            f"{self.many / self.few:.2f}",
            budget,
            met,
        )


def _figures(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    return f"{psutil.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def show(figures: Sequence[Figure], growth: Sequence[Growth]) -> None:
    for headings, rows in ((_HEADINGS, figures), (_GROWTH, growth)):
        if not rows:
            continue
        table = Table(title=f"Hamgam, {machine()}")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(cell.strip("*") for cell in row.cells))
        Console().print(table)


def write(figures: Sequence[Figure], growth: Sequence[Growth], latency_seconds: float) -> Path:
    page = _TEXT.format(
        latency=round(latency_seconds * 1000),
        machine=machine(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        table=_markdown(_HEADINGS, figures),
        growth=_markdown(_GROWTH, growth),
    )
    _PAGE.write_text(page, encoding="utf-8")
    return _PAGE


def _markdown(headings: Sequence[str], rows: Sequence[Figure | Growth]) -> str:
    lines = [headings, ("---",) * len(headings), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
