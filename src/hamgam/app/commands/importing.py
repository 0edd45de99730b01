"""`hamgam initial-import`."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import IO

import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hamgam.app.commands.output import (
    change_document,
    change_text,
    console,
    print_json_with,
    progress_console,
    shown,
    table,
)
from hamgam.app.wiring import open_database, open_site
from hamgam.errors import Reason, UsageError
from hamgam.settings import Settings
from hamgam.sync.fields import FieldChange
from hamgam.sync.import_lines import Line
from hamgam.sync.initial_import import (
    ImportOptions,
    ImportResult,
    Watcher,
    every_second,
    initial_import,
)
from hamgam.sync.site import Site


class Records:
    """The report on each contact, in a file: there may be a hundred thousand, with all their values."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, line: Line) -> None:
        self._file.write(orjson.dumps(_record(line)) + b"\n")

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        return (row.rstrip() for row in self._file)


async def run(
    settings: Settings, *, dry_run: bool, limit: int | None, again: bool, force: bool, as_json: bool
) -> int:
    """Exit status 0; 1 when records failed, or the run broke off or was stopped."""
    if limit is not None and limit < 1:
        raise UsageError(f"--limit: {limit} is not a number of records; give 1 or more")
    options = ImportOptions(
        dry_run=dry_run,
        limit=limit,
        again=again,
        max_change_percent=settings.max_change_percent,
        force=force,
        concurrency=settings.crm_max_concurrency,
    )
    with tempfile.TemporaryFile() as file:
        records = Records(file)
        keep = records.add if as_json or dry_run else _forget
        async with open_database(settings) as db, open_site(settings, db, read_only=dry_run) as site:
            started = time.monotonic()
            result = await import_with_progress(site, options, keep)
        seconds = time.monotonic() - started
        if as_json:
            print_json_with(_document(result, seconds), "records", records)
        else:
            _show(result, records, seconds)
    if result.stopped_by is not None:
        raise result.stopped_by
    if result.stopped:
        progress_console().print("initial-import: stopped in the dashboard; run it again to go on")
    return 1 if result.outcomes["failed"] or result.stopped else 0


def _forget(line: Line) -> None:
    """Nobody asked for a report on each contact."""


async def import_with_progress(
    site: Site, options: ImportOptions, keep: Callable[[Line], None] = _forget
) -> ImportResult:
    """Run the import with a bar that counts contacts, under a limit those that were created or linked."""
    progress = _progress_bar()
    bar = progress.add_task("initial import", total=None)

    def planned(total: int) -> None:
        progress.update(bar, total=total if options.limit is None else min(total, options.limit))

    def ended(line: Line) -> None:
        if options.limit is None or line.outcome in ("created", "linked"):
            progress.advance(bar)
        keep(line)

    def waits(reason: Reason | None) -> None:
        says = f"initial import, waiting for the CRM: {reason}" if reason else "initial import"
        progress.update(bar, description=says)

    with ExitStack() as stack:
        began = partial(stack.enter_context, progress)
        return await initial_import(
            site,
            options,
            Watcher(began=began, planned=planned, ended=ended, waits=waits, tick=every_second),
        )


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=progress_console())


def _document(result: ImportResult, seconds: float) -> dict[str, object]:
    return {
        "dry_run": result.dry_run,
        "total": result.total,
        **{name: result.outcomes[name] for name in ("created", "linked", "skipped", "failed")},
        "reasons": dict(result.reasons),
        "seconds": round(seconds, 3),
    }


def _record(line: Line) -> dict[str, object]:
    return {
        "financeId": line.finance_id,
        "crmId": line.crm_id,
        "outcome": line.outcome,
        "reason": line.reason,
        "changes": [change_document(change) for change in line.changes],
    }


def _show(result: ImportResult, records: Records, seconds: float) -> None:
    out = console()
    heading = "Initial import, dry run: nothing was written" if result.dry_run else "Initial import"
    rows = [(name, result.outcomes[name]) for name in ("created", "linked", "skipped", "failed")]
    rows.append(("contacts in finance", result.total))
    out.print(table(("outcome", "contacts"), rows, title=heading))
    if result.reasons:
        out.print(table(("reason", "contacts"), Counter(result.reasons).most_common()))
    out.print(f"{seconds:.1f} seconds")
    for row in records:
        record = orjson.loads(row)
        out.print(f"{shown(record['financeId'])}  {record['outcome']}  {record['reason'] or ''}".rstrip())
        for change in record["changes"]:
            out.print(f"    {change_text(FieldChange(**change))}")
