"""The overview: both languages, what it shows, and what it never breaks on."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from hamgam.app.words import WORDS, Writer, chosen
from hamgam.db.engine import Database
from hamgam.errors import Reason
from hamgam.model import EntityType, Kind, Operation, Status, System, Trigger
from hamgam.reasons import SENTENCES
from tests.web.conftest import GUID, NOW, AddSync, Installation, asking


class _Nesting(HTMLParser):
    """Complains about elements that are not closed in order."""

    _VOID = frozenset({"meta", "link", "img", "br", "rect", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass


def well_formed(page: str) -> bool:
    nesting = _Nesting()
    nesting.feed(page)
    return nesting.open == []


@pytest.mark.parametrize(
    ("wanted", "remembered", "accepted", "lang"),
    [
        (None, None, "", "fa"),
        ("en", "fa", "fa", "en"),
        ("fa", "en", "en", "fa"),
        (None, "en", "fa", "en"),
        ("de", None, "en-GB,en;q=0.9", "en"),
        (None, "x", "de, en;q=0.5, fa;q=0.8", "fa"),
        (None, None, "de", "fa"),
        (None, None, "en;q=0, fa;q=0", "fa"),
        (None, None, "fa;q=0.3,en;q=0.7", "en"),
        (None, None, "en;q=many", "fa"),
    ],
    ids=range(10),
)
def test_the_language_of_a_page(wanted: str | None, remembered: str | None, accepted: str, lang: str) -> None:
    assert chosen(wanted, remembered, accepted) == lang


async def test_the_language_is_remembered(client: httpx2.AsyncClient) -> None:
    assert '<html lang="fa" dir="rtl">' in (await client.get("/")).text
    answer = await client.get("/?lang=en")
    assert '<html lang="en" dir="ltr">' in answer.text
    assert "SameSite=lax" in answer.headers["set-cookie"]
    part = await client.get("/live?lang=fa", headers={"hx-request": "true"})
    assert "set-cookie" not in part.headers
    assert '<html lang="en" dir="ltr">' in (await client.get("/", headers={"accept-language": "fa"})).text


def test_both_languages_have_every_word() -> None:
    assert set(WORDS["fa"]) == set(WORDS["en"])
    shown = (*EntityType, *Kind, *Operation, *Status, *System, *Trigger)
    assert {str(name) for name in shown} <= set(WORDS["fa"])


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_every_reason_has_a_sentence_of_its_own(lang: str) -> None:
    writer = Writer("fa" if lang == "fa" else "en")
    assert set(SENTENCES) == set(Reason)
    assert len({writer.reason(code) for code in Reason}) == len(Reason)
    assert writer.reason("FROM_THE_FUTURE") == "FROM_THE_FUTURE"
    assert writer.next_step("FROM_THE_FUTURE") == ""


def test_numbers_and_times_are_written_as_people_write_them() -> None:
    assert (Writer("fa").number(12843.4), Writer("en").number(12843)) == ("۱۲٬۸۴۳", "12,843")
    written = [(w.decimal(1234.56), w.exact("-1234567.890")) for w in (Writer("fa"), Writer("en"))]
    assert written == [("۱٬۲۳۴٫۶", "-۱٬۲۳۴٬۵۶۷٫۸۹۰"), ("1,234.6", "-1,234,567.890")]
    assert (Writer("fa").day(NOW), Writer("fa").clock(NOW)) == ("۱۴۰۵/۰۱/۰۱", "۰۰:۳۰:۰۰")
    assert (Writer("en").day(NOW), Writer("en").clock(NOW)) == ("2026-03-21", "00:30:00")


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_every_kind_of_row_is_shown_in_words(
    client: httpx2.AsyncClient, add_sync: AddSync, lang: str
) -> None:
    words = WORDS["fa" if lang == "fa" else "en"]
    for i, status in enumerate(Status):
        add_sync(status=status, sourceEntityId=str(i), reason=list(Reason)[i], kind=list(Kind)[i % 2])
    for operation in Operation:
        add_sync(
            operation=operation, entityType="PREINVOICE", sourceEntity="invoice", errorMessage="x" * 9000
        )
    page = (await client.get(f"/?lang={lang}")).text
    assert well_formed(page)
    assert all(words[status] in page for status in Status)
    assert all(words[operation] in page for operation in Operation)
    assert words["entity.invoice"] in page
    assert len(page) < 60_000


@pytest.mark.parametrize(
    ("seconds", "en", "fa"),
    [
        (-3, "0 seconds ago", "۰ ثانیه پیش"),
        (119, "119 seconds ago", "۱۱۹ ثانیه پیش"),
        (120, "2 minutes ago", "۲ دقیقه پیش"),
        (7_199, "119 minutes ago", "۱۱۹ دقیقه پیش"),
        (7_200, "2 hours ago", "۲ ساعت پیش"),
        (200_000, "2 days ago", "۲ روز پیش"),
    ],
)
def test_ages_are_told_in_the_largest_unit_that_fits_twice(seconds: float, en: str, fa: str) -> None:
    assert (Writer("en").ago(seconds), Writer("fa").ago(seconds)) == (en, fa)


async def test_a_row_says_in_one_line_why(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(status="FAILED", reason="DUPLICATE_PHONE", errorMessage="remote text", sourceEntityId="1")
    add_sync(status="SKIPPED", reason="TIME_GATE", sourceEntityId="2")
    page = (await client.get("/?lang=en")).text
    failed, gated = SENTENCES[Reason.DUPLICATE_PHONE], SENTENCES[Reason.TIME_GATE]
    assert "remote text" in page
    assert all(part in page for part in (failed.en, gated.en))
    assert failed.next_step_en not in page


async def test_names_of_every_kind_are_text_and_never_markup(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    evil = """<script>alert(1)</script>"'&{{ 7 * 7 }}\u202e"""
    add_sync(
        sourceData={"fields": {"name": evil}},
        targetEntityId=evil,
        errorMessage=evil,
        status="FAILED",
        reason="INTERNAL",
    )
    add_sync(sourceData={"number": "1403-17"}, sourceEntityId="2")
    add_sync(sourceData={"fields": "odd"}, sourceEntityId="3")
    page = (await client.get("/?lang=en")).text
    assert well_formed(page)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "1403-17" in page


async def test_ids_stand_on_their_own_side(client: httpx2.AsyncClient, add_sync: AddSync) -> None:
    add_sync(direction="FINANCE_TO_CRM", sourceEntity="contact", sourceEntityId="234", targetEntityId=GUID)
    page = (await client.get("/live?lang=en")).text
    cells = re.findall(r'<td class="id[^"]*"[^>]*>\s*<bdi dir="ltr"[^>]*>([^<]*)</bdi>', page)
    assert cells == ["234", GUID[:8]]


async def test_only_the_last_fifteen_are_shown_and_old_ones_with_their_day(
    client: httpx2.AsyncClient, add_sync: AddSync
) -> None:
    for age in range(20):
        add_sync(startedAt=NOW - timedelta(days=age))
    page = (await client.get("/live?lang=en")).text
    assert page.count('<tr id="log-') == 15
    assert "2026-03-20" in page
    assert "2026-03-21" not in page


async def test_only_fresh_rows_are_marked_as_new(
    client: httpx2.AsyncClient, installation: Installation, add_sync: AddSync
) -> None:
    add_sync()
    assert 'class="new"' in (await client.get("/live")).text
    installation.clock.now += timedelta(seconds=10)
    assert 'class="new"' not in (await client.get("/live")).text


async def test_a_held_poll_and_a_broken_system_are_visible(client: httpx2.AsyncClient, db: Database) -> None:
    await db.execute(text("""INSERT INTO "PollCursor" VALUES ('person', :at, :at, 1200)"""), {"at": NOW})
    await db.execute(text("""INSERT INTO "RemoteSystem" (system, state) VALUES ('crm', 'LOCKED_OUT')"""))
    page = (await client.get("/live?lang=en")).text
    assert "1,200" in page
    assert 'class="system bad"' in page
    assert SENTENCES[Reason.LOCKED_OUT].en in page.replace("&#39;", "'")
    assert 'class="tile warn"' in page


async def test_without_a_database_a_page_goes_on_trying(installation: Installation) -> None:
    """Nobody knows who asks, so nobody comes in; a part of a page lets its page say so."""
    nowhere = Database("postgresql://someone@127.0.0.1:1/books")
    async with asking(installation, nowhere) as client:
        whole = await client.get("/?lang=en")
        part = await client.get("/live?lang=en", headers={"hx-request": "true"})
    await nowhere.aclose()
    assert (whole.status_code, part.status_code) == (503, 503)
    assert '<meta http-equiv="refresh"' in whole.text
    assert WORDS["en"]["gone"] in whole.text
    assert well_formed(whole.text)
    assert part.headers["hx-refresh"] == "true"


async def test_a_database_that_goes_away_meanwhile_says_the_same(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    """For a second it is known that there are no users."""
    assert (await client.get("/")).status_code == 200
    name = database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres", 1), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
    for part in ("/live", "/chart", "/connections/live", "/connections/light", "/import/live"):
        answer = await client.get(part, headers={"hx-request": "true"})
        assert (part, answer.status_code, answer.headers["hx-refresh"]) == (part, 503, "true")
    whole = await client.get("/?lang=en")
    assert (whole.status_code, WORDS["en"]["gone"] in whole.text) == (503, True)
    assert '<meta http-equiv="refresh"' in whole.text
