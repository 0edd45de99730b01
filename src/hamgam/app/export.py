"""The sync log as a file, some rows at a time: however long it is, it takes no more memory.

A cell is text, a number or a moment and never a formula. In XLSX a cell says so itself; in CSV a spreadsheet
guesses, so text that it would take for a formula begins with an apostrophe there.

Times stand there twice: as people in Tehran write them, and in UTC, by which a spreadsheet or a program can
reckon. The begin of a sync stands there in the calendar of the other language, too.
"""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Send
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from hamgam.app.telling import entity_of
from hamgam.app.words import Lang, Writer
from hamgam.persian import TEHRAN, jalali_date
from hamgam.trail.attempts import tried

MOST_SHEET_ROWS = 1_048_575
"""What a sheet holds besides its heading."""
_LONGEST_CELL = 32_000
_CHUNK_BYTES = 256 * 1024
_BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets do not read a CSV file as UTF-8."""
_UNSEEN = "\u200b-\u200f\u202a-\u202e\u2066-\u2069"
_FORMULA = re.compile(rf"[\s{_UNSEEN}]*[=+@\uff1d\uff0b\uff0d\uff20-]")

Cell = str | int | datetime | None
Row = Mapping[str, Any]
Batches = AsyncGenerator[Iterable[Row]]
"""Taken one by one in a thread, so that nobody else waits for what each of them costs."""
File = AsyncGenerator[bytes]


def _answer(row: Row, w: Writer) -> str:
    said = w.said(row["errorMessage"] or "", row["reason"])
    return f"{said.ours} {said.theirs or said.raw}".strip()


_OTHER: Mapping[Lang, Writer] = {"fa": Writer("en"), "en": Writer("fa")}

_COLUMNS: tuple[tuple[str, int, Callable[[Row, Writer], Cell]], ...] = (
    # the word above it, its width in characters, and what stands in it
    ("time", 20, lambda row, w: _moment(row["startedAt"], w)),
    ("export.time_utc", 20, lambda row, w: row["startedAt"]),
    ("export.time_other", 20, lambda row, w: _moment(row["startedAt"], _OTHER[w.lang])),
    ("record", 30, lambda row, w: row["name"] or row["number"]),
    ("filter.type", 14, lambda row, w: w.word(f"entity.{entity_of(row, row['crmId'])}")),
    ("filter.operation", 14, lambda row, w: "" if row["operation"] == "NONE" else w.word(row["operation"])),
    ("outcome", 14, lambda row, w: w.word(row["status"])),
    ("export.code", 20, lambda row, w: row["reason"]),
    ("filter.reason", 50, lambda row, w: w.reason(row["reason"]) if row["reason"] else ""),
    ("trigger", 14, lambda row, w: w.word(row["triggerType"])),
    ("crm_id", 38, lambda row, w: row["crmId"]),
    ("finance_id", 14, lambda row, w: row["financeId"]),
    ("sync.answer", 40, _answer),
    ("sync.attempts", 10, lambda row, w: tried(row["retryCount"], row["endedAttempts"])),
    ("sync.completed", 20, lambda row, w: _moment(row["completedAt"], w)),
    ("export.completed_utc", 20, lambda row, w: row["completedAt"]),
    ("export.milliseconds", 12, lambda row, w: row["durationMs"]),
    ("export.resolved_at", 20, lambda row, w: _moment(row["resolvedAt"], w)),
    ("export.resolved_utc", 20, lambda row, w: row["resolvedAt"]),
    ("export.resolved_by", 16, lambda row, w: w.person(row["resolvedBy"]) if row["resolvedBy"] else ""),
    ("sync.log_id", 38, lambda row, w: str(row["id"])),
)


def _moment(moment: datetime | None, w: Writer) -> str:
    """In Tehran, by the calendar of the language; with digits that a spreadsheet can sort."""
    if moment is None:
        return ""
    local = moment.astimezone(TEHRAN)
    return f"{jalali_date(moment)} {local:%H:%M:%S}" if w.lang == "fa" else f"{local:%Y-%m-%d %H:%M:%S}"


def _in_utc(moment: datetime) -> datetime:
    """To the second and without its zone, as a cell of a sheet has none."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _cells(row: Row, w: Writer) -> list[Cell]:
    return [cell(row, w) for _, _, cell in _COLUMNS]


def harmless(cell: Cell) -> Cell:
    """A cell of a CSV file, in which a spreadsheet sees no formula."""
    if isinstance(cell, datetime):
        return f"{_in_utc(cell):%Y-%m-%dT%H:%M:%SZ}"
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


class Download(StreamingResponse):
    """A file that is written while it is sent, and no further once the reader has left."""

    def __init__(self, file: File, **more: Any) -> None:
        super().__init__(file, **more)
        self._file = file

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._file):
            await super().stream_response(send)


async def csv_file(batches: Batches, w: Writer) -> File:
    """Every cell in quotes, so that ids stay as they are for whoever reads them as text."""
    yield _BYTE_ORDER_MARK.encode() + _csv([[w.word(word) for word, _, _ in _COLUMNS]])
    async with aclosing(batches):
        async for rows in batches:
            yield await asyncio.to_thread(_csv, (_cells(row, w) for row in rows))


def _csv(rows: Iterable[list[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


async def xlsx_file(batches: Batches, w: Writer, most_sheet_rows: int = MOST_SHEET_ROWS) -> File:
    """A workbook can be sent when it is whole; until then it lies in a file of its own."""
    with tempfile.TemporaryDirectory(prefix="hamgam-") as folder:
        path = Path(folder) / "syncs.xlsx"
        with closing(_Book(path, w, most_sheet_rows)) as book:
            async with aclosing(batches):
                async for rows in batches:
                    await asyncio.to_thread(book.add, rows)
            await asyncio.to_thread(book.write)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk


class _Book:
    """A workbook, of which one row at a time is in memory. After a full sheet comes another."""

    def __init__(self, path: Path, w: Writer, most_rows: int) -> None:
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        self._book, self._w, self._most_rows = Workbook(str(path), options), w, most_rows
        self._bold = self._book.add_format({"bold": True})
        self._utc = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._begin()

    def _begin(self) -> None:
        number = len(self._book.worksheets()) + 1
        title = self._w.word("syncs") if number == 1 else f"{self._w.word('syncs')} {self._w.number(number)}"
        self._sheet: Worksheet = self._book.add_worksheet(title)
        self._written = 0
        if self._w.lang == "fa":
            self._sheet.right_to_left()
        self._sheet.freeze_panes(1, 0)
        for column, (word, width, _) in enumerate(_COLUMNS):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, self._w.word(word), self._bold)

    def add(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if self._written == self._most_rows:
                self._end()
                self._begin()
            self._written += 1
            for column, cell in enumerate(_cells(row, self._w)):
                self._put(column, cell)

    def _put(self, column: int, cell: Cell) -> None:
        match cell:
            case int():
                self._sheet.write_number(self._written, column, cell)
            case datetime():
                self._sheet.write_datetime(self._written, column, _in_utc(cell), self._utc)
            case str() if cell:
                self._sheet.write_string(self._written, column, cell[:_LONGEST_CELL])

    def _end(self) -> None:
        self._sheet.autofilter(0, 0, self._written, len(_COLUMNS) - 1)

    def write(self) -> None:
        self._end()
        self._book.close()

    def close(self) -> None:
        """Let go of the rows, also where nobody waits for the book any more."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
