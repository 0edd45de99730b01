"""The sync log as a file: what stands in it, for whom, and that no cell of it is a formula."""

import asyncio
import csv
import gc
import io
import re
import zipfile
from datetime import datetime, timedelta
from typing import Any, cast
from xml.etree import ElementTree

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CursorResult, Executable
from starlette.types import Message

from hamgam.app.api.syncs import Exports
from hamgam.app.export import Batches, Download, csv_file, harmless, xlsx_file
from hamgam.app.words import WORDS, Writer
from hamgam.db.engine import Database
from hamgam.people.roles import Person, Role
from hamgam.trail import listing
from hamgam.trail.listing import Wanted
from tests.web.conftest import GUID, NOW, AddSync, Installation
from tests.web.signed_in import asking_as
from tests.web.test_syncs import EVIL

JALALI, GREGORIAN = "1405/01/01 00:30:00", "2026-03-21 00:30:00"
_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _table(body: bytes) -> list[list[str]]:
    """The cells of a CSV file."""
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def _sheet(body: bytes, number: int = 1) -> list[dict[str, str]]:
    """The cells of an XLSX file by the letters of their columns, each row; all text stands in its cell."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    assert list(sheet.iter(f"{_CELL}f")) == []
    rows = []
    for row in sheet.iter(f"{_CELL}row"):
        cells = {re.sub("[0-9]", "", cell.attrib["r"]): "".join(cell.itertext()) for cell in row}
        rows.append(cells)
    return rows


def _add_two(add_sync: AddSync) -> None:
    add_sync(
        sourceData={"fields": {"name": "سمیه محمدی"}},
        targetEntityId="00234",
        status="FAILED",
        reason="DUPLICATE_PHONE",
        errorMessage="=cmd|' /C calc'!A0",
        retryCount=2,
        resolvedAt=NOW,
        resolvedBy="sara",
    )
    add_sync(
        sourceEntityId="2", sourceData={"number": EVIL}, startedAt=NOW - timedelta(days=1), operation="NONE"
    )


@pytest.mark.parametrize(("lang", "moment"), [("fa", JALALI), ("en", GREGORIAN)])
async def test_a_csv_file_is_what_the_list_shows(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str, moment: str
) -> None:
    _add_two(add_sync)
    answer = await client.get(f"/api/v1/syncs/export?format=csv&lang={lang}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="hamgam-syncs.csv"'
    heading, failed, other = _table(answer.content)
    words = WORDS["fa" if lang == "fa" else "en"]
    assert heading[:4] == [words[key] for key in ("time", "export.time_utc", "export.time_other", "record")]
    utc = "2026-03-20T21:00:00Z"
    assert failed[:5] == [moment, utc, *({JALALI, GREGORIAN} - {moment}), "سمیه محمدی", words["CUSTOMER"]]
    assert failed[5:8] == [words["UPDATE"], words["FAILED"], "DUPLICATE_PHONE"]
    assert failed[10:16] == [GUID, "00234", "'=cmd|' /C calc'!A0", "3", moment, utc]
    assert failed[17:20] == [moment, utc, "sara"]
    assert other[3] == EVIL and other[17:19] == ["", ""]


async def test_a_sheet_holds_text_in_its_cells(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    _add_two(add_sync)
    answer = await client.get("/api/v1/syncs/export?format=xlsx&lang=fa")
    assert answer.headers["content-disposition"] == 'attachment; filename="hamgam-syncs.xlsx"'
    heading, failed, other = _sheet(answer.content)
    assert heading["A"] == WORDS["fa"]["time"]
    assert (failed["A"], failed["D"], failed["L"]) == (JALALI, "سمیه محمدی", "00234")
    assert (failed["M"], failed["N"], failed["Q"]) == ("=cmd|' /C calc'!A0", "3", "40")
    assert other["D"] == EVIL


async def test_a_sheet_can_be_sorted_by_time_and_filtered(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    _add_two(add_sync)
    for lang in ("fa", "en"):
        body = (await client.get(f"/api/v1/syncs/export?format=xlsx&lang={lang}")).content
        _, failed, other = _sheet(body)
        days_since_1900 = (NOW.replace(tzinfo=None) - datetime(1899, 12, 30)) / timedelta(days=1)
        assert [float(row["B"]) for row in (failed, other)] == [days_since_1900, days_since_1900 - 1]
        assert float(failed["P"]) == float(failed["S"]) == days_since_1900
        assert "S" not in other
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            assert 'formatCode="yyyy-mm-dd hh:mm:ss"' in book.read("xl/styles.xml").decode()
        assert '<autoFilter ref="A1:U3"/>' in sheet
        assert 'ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"' in sheet
        assert ('rightToLeft="1"' in sheet) is (lang == "fa")


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
async def test_the_filters_of_the_list_hold(
    client: httpx2.AsyncClient, add_sync: AddSync, format_: str
) -> None:
    _add_two(add_sync)
    count = {"csv": lambda body: len(_table(body)), "xlsx": lambda body: len(_sheet(body))}[format_]
    for query, rows in (("status=FAILED", 1), ("entity=2", 1), ("reason=NO_LINES", 0), ("to=1404/12/29", 1)):
        answer = await client.get(f"/api/v1/syncs/export?format={format_}&{query}")
        assert (query, count(answer.content)) == (query, rows + 1)


async def test_many_rows_come_in_order_and_once(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    for number in range(1203):
        add_sync(sourceEntityId=str(number), startedAt=NOW - timedelta(seconds=number // 3))
    rows = _table((await client.get("/api/v1/syncs/export")).content)[1:]
    assert {row[10] for row in rows} == {str(number) for number in range(1203)}
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("role", Role)
async def test_viewers_get_masks(
    installation: Installation, db: Database, add_sync: AddSync, role: Role, format_: str
) -> None:
    _add_two(add_sync)
    async with asking_as(role, installation, db) as client:
        body = (await client.get(f"/api/v1/syncs/export?format={format_}&status=FAILED")).content
    row = _table(body)[1] if format_ == "csv" else list(_sheet(body)[1].values())
    full = role.may(Role.OPERATOR)
    assert row[3] == ("سمیه محمدی" if full else "س••• م•••")
    assert any("calc" in cell for cell in row) is full


async def _some(db: Database, at_once: int) -> Batches:
    async for rows in listing.everything(db, Wanted(), at_once):
        yield rows


async def test_after_a_full_sheet_comes_another(db: Database, add_sync: AddSync) -> None:
    for number in range(5):
        add_sync(sourceEntityId=str(number), startedAt=NOW - timedelta(seconds=number))
    body = b"".join([part async for part in xlsx_file(_some(db, 3), Writer("fa"), most_sheet_rows=2)])
    sheets = [_sheet(body, number) for number in (1, 2, 3)]
    assert [[row["K"] for row in sheet[1:]] for sheet in sheets] == [["0", "1"], ["2", "3"], ["4"]]
    assert sheets[0][0] == sheets[1][0] == sheets[2][0]
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        written = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2, 3)]
        ends = [re.findall(r'<autoFilter ref="A1:U(\d+)"/>', sheet) for sheet in written]
        assert ends == [["3"], ["3"], ["2"]]
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        assert "همگام‌سازی‌ها ۳" in book.read("xl/workbook.xml").decode()


class _Counting:
    """A database that knows how many of its connections are in use."""

    def __init__(self, db: Database) -> None:
        self._db, self.used = db, 0

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        self.used += 1
        try:
            return await self._db.execute(statement, parameters)
        finally:
            self.used -= 1


async def test_whoever_reads_slowly_holds_no_connection(db: Database, add_sync: AddSync) -> None:
    for number in range(5):
        add_sync(sourceEntityId=str(number))
    counting = _Counting(db)
    taken = 0
    async for rows in listing.everything(cast("Database", counting), Wanted(), 2):
        assert counting.used == 0
        taken += len(rows)
        add_sync(sourceEntityId=f"came meanwhile {taken}", startedAt=NOW + timedelta(seconds=taken))
    assert taken == 5


async def test_who_leaves_makes_room_for_the_next_at_once(db: Database, add_sync: AddSync) -> None:
    add_sync()
    exports, sara = Exports(db), Person("Sara", Role.VIEWER)
    another = exports.rows(Wanted(), sara)
    await anext(another)
    half_way = asyncio.Event()

    async def send(message: Message) -> None:
        if exports.full:
            half_way.set()
            await asyncio.Event().wait()  # a reader who takes nothing more

    async def receive() -> Message:
        await half_way.wait()
        return {"type": "http.disconnect"}

    left = Download(csv_file(exports.rows(Wanted(), sara), Writer("fa")))
    await left({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    assert half_way.is_set() and not exports.full
    await another.aclose()


async def test_a_sheet_that_nobody_waits_for_leaves_nothing_open(db: Database, add_sync: AddSync) -> None:
    async def broken() -> Batches:
        async for rows in _some(db, 1):
            yield rows
            raise ConnectionError

    add_sync()
    with pytest.raises(ConnectionError):
        await anext(xlsx_file(broken(), Writer("fa")))
    gc.collect()  # a file that was left open is told of here, and warnings are errors


@pytest.mark.parametrize("query", ["format=pdf", "lang=de", "status=x", "from=never"])
async def test_a_wrong_parameter_is_named(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/v1/syncs/export?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(query.partition("=")[0] + ": ")


@pytest.mark.parametrize("cell", ["=1+1", "+98", "-1", "@x", "\t=1", " \u202e=1", "\u200e+1", "＝1"])
def test_what_looks_like_a_formula_is_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@given(st.text() | st.integers() | st.none())
def test_other_cells_stay_as_they_are(cell: str | int | None) -> None:
    shown = harmless(cell)
    if shown != cell:
        assert shown == f"'{cell}"
        assert isinstance(cell, str)
        assert any(sign in cell for sign in "=+-@＝＋－＠")
