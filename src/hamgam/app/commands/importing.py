"""`hamgam initial-import`."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hamgam.app.commands.output import (
    change_document,
    change_text,
    console,
    print_json,
    progress_console,
    shown,
    table,
)
from hamgam.app.wiring import open_database, open_site
from hamgam.errors import UsageError
from hamgam.settings import Settings
from hamgam.sync.initial_import import ImportOptions, ImportResult, Line, Watcher, initial_import
from hamgam.sync.site import Site


@dataclass(slots=True)
class Report:
    lines: list[Line] = field(default_factory=list)
    keep: bool = False


async def run(settings: Settings, *, dry_run: bool, limit: int | None, again: bool, as_json: bool) -> int:
    """Exit status 0; 1 when records failed or the run broke off."""
    if limit is not None and limit < 1:
        raise UsageError(f"--limit: {limit} is not a number of records; give 1 or more")
    options = ImportOptions(
        dry_run=dry_run, limit=limit, again=again, concurrency=settings.crm_max_concurrency
    )
    async with open_database(settings) as db, open_site(settings, db, read_only=dry_run) as site:
        report = Report(keep=as_json or dry_run)
        started = time.monotonic()
        result = await import_with_progress(site, options, report)
    seconds = time.monotonic() - started
    if as_json:
        print_json(_document(result, report, seconds))
    else:
        _show(result, report, seconds)
    if result.stopped_by is not None:
        raise result.stopped_by
    return 1 if result.outcomes["failed"] else 0


async def import_with_progress(site: Site, options: ImportOptions, report: Report) -> ImportResult:
    with _progress_bar() as progress:
        bar = progress.add_task("initial import", total=None)

        def ended(line: Line) -> None:
            progress.advance(bar)
            if report.keep:
                report.lines.append(line)

        watcher = Watcher(planned=lambda total: progress.update(bar, total=total), ended=ended)
        return await initial_import(site, options, watcher)


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console()) as progress:
        yield progress


def _document(result: ImportResult, report: Report, seconds: float) -> dict[str, object]:
    return {
        "dry_run": result.dry_run,
        "total": result.total,
        **{name: result.outcomes[name] for name in ("created", "linked", "skipped", "failed")},
        "reasons": dict(result.reasons),
        "seconds": round(seconds, 3),
        "records": [_record(line) for line in report.lines],
    }


def _record(line: Line) -> dict[str, object]:
    return {
        "financeId": line.finance_id,
        "crmId": line.crm_id,
        "outcome": line.outcome,
        "reason": line.reason,
        "changes": [change_document(change) for change in line.changes],
    }


def _show(result: ImportResult, report: Report, seconds: float) -> None:
    out = console()
    heading = "Initial import, dry run: nothing was written" if result.dry_run else "Initial import"
    rows = [(name, result.outcomes[name]) for name in ("created", "linked", "skipped", "failed")]
    rows.append(("contacts in finance", result.total))
    out.print(table(("outcome", "contacts"), rows, title=heading))
    if result.reasons:
        out.print(table(("reason", "contacts"), Counter(result.reasons).most_common()))
    out.print(f"{seconds:.1f} seconds")
    for line in report.lines:
        out.print(f"{shown(line.finance_id)}  {line.outcome}  {line.reason or ''}".rstrip())
        for change in line.changes:
            out.print(f"    {change_text(change)}")
