"""Every number on a page leads to what it counts, or is plainly no link.

The pages of a filled database are walked. A link with a number in it has to lead to a list with as many rows,
over all its pages; what is measured and not counted leads to what it was measured from.
"""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx2
import pytest

from hamgam.app.web import create_app
from hamgam.app.words import Writer
from hamgam.db.engine import Database
from tests.web.conftest import GUID, Installation, asking
from tests.web.filled import BULK, CUSTOMERS, DOCUMENTS, FAILED, PLAN, RUN, WAITING, filled
from tests.web.routes import operations
from tests.web.test_no_private_door import OF_BROWSERS

_SEVERAL = ("/?window=24h", "/?window=7d", "/chart?window=7d", f"/import/{PLAN}", f"/import/{RUN}")
_PLAIN = {"Workers", "Calls", "Failed calls", "Last poll", "Attempts"}
"""Numbers of which nobody keeps the rows, or whose rows stand beside them."""
_CHOICES = ("/?window=",)
"""Links whose numbers are names."""
_MEASURED = re.compile(r"[\d.,]+ ?(?:ms|s|min|h|%)")
_VOID = {"meta", "link", "input", "img", "br"}


class Seen(HTMLParser):
    """The links of a page with their texts, ids and times left out, and the rows of its lists."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.unlinked: list[tuple[str, str]] = []
        """Values with their labels, of cells and in notes, where they are no links."""
        self.rows = 0
        self.held = 0
        """Streams of changes that are held back, beside the rows of what asks for a person."""
        self.further = ""
        self._open: list[tuple[str, str]] = []
        self._label = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            self._open.append((tag, given.get("class", "")))
        if tag == "a":
            self.links.append((given["href"], ""))
            if given.get("rel") == "next":
                self.further = given["href"]
        self.rows += tag == "tr" and self._within("tbody")
        self.held += tag == "section" and "held" in given.get("class", "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._within("bdi", "time"):
            return
        if self._within("a"):
            href, text = self.links[-1]
            self.links[-1] = (href, text + data)
        elif self._open and self._open[-1] == ("dt", ""):
            self._label = data
        elif self._within("dd"):
            self.unlinked.append((self._label, data.strip()))
        elif self._open and self._open[-1] in (("td", "number"), ("p", "note")):
            self.unlinked.append(("", data.strip()))

    def _within(self, *names: str) -> bool:
        return any(tag in names or f".{class_.partition(' ')[0]}" in names for tag, class_ in self._open)


@pytest.fixture
async def client(db: Database, database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    await filled(db, database_url)
    async with asking(Installation(worker=True), db) as opened:
        opened.headers["accept-language"] = "en"
        yield opened


def addresses(db: Database) -> list[str]:
    """Every page, without those that ask the remote systems, and without the list of the API's operations.

    `/syncs/new` is left out, too: it says how many rows its link puts on top of the list that somebody reads.
    So is the page that repeats a person's answer before it is recorded: it counts nothing.
    """
    known = {"entity": "customer", "record": GUID, "run_id": PLAN, "bulk_id": BULK}
    known |= {"id": FAILED, "log_id": FAILED}
    walked = [
        page.address(**known)
        for page in operations(create_app(Installation().context(db)))
        if page.method == "GET" and page.is_page and str(page) not in OF_BROWSERS
    ]
    return [
        *(each for each in walked if not each.endswith(("/compare", "/subscriptions", "/new", "/settle"))),
        *_SEVERAL,
    ]


async def seen(client: httpx2.AsyncClient, address: str) -> Seen:
    answer = await client.get(address)
    assert answer.status_code == 200, address
    return Seen(answer.text)


async def rows_behind(client: httpx2.AsyncClient, address: str) -> int:
    """How many rows a list has on all its pages; before an action on many rows, how many it says."""
    if address.startswith("/attention/confirm"):
        return int(re.findall(r'name="count" value="(\d+)"', (await client.get(address)).text)[0])
    page = await seen(client, address)
    rows = page.rows + (page.held if address == "/attention" else 0)
    while page.further:
        page = await seen(client, page.further)
        rows += page.rows
    return rows


def counted(text: str) -> int | None:
    """The number that a link says it counts."""
    found = re.findall(r"\d[\d,]*", text)
    assert len(found) <= 1, text
    return int(found[0].replace(",", "")) if found else None


async def test_every_number_is_what_its_list_holds(client: httpx2.AsyncClient, db: Database) -> None:
    behind: dict[str, int] = {}
    for address in addresses(db):
        page = await seen(client, address)
        for href, text in page.links:
            if href.startswith(_CHOICES) or not re.search(r"\d", text):
                continue
            if href not in behind:
                behind[href] = await rows_behind(client, href)
            if _MEASURED.search(text):
                assert behind[href] > 0, (address, text, href)
            else:
                assert counted(text) == behind[href], (address, text, href)
        values = [(label, _MEASURED.sub("", value)) for label, value in page.unlinked]
        plain = {label for label, value in values if re.search(r"[1-9]", value)}
        assert plain <= _PLAIN, (address, page.unlinked)
    kinds = {re.sub(r"[0-9a-f-]{36}", "…", href.partition("?")[0]) for href in behind}
    lists = {"/attention", "/attention/bulk/…", "/import/…/contacts", "/queue", "/records", "/syncs"}
    assert kinds == lists | {"/attention/confirm"}


@pytest.mark.parametrize(
    ("address", "words", "number"),
    [
        ("/syncs", "syncs.count", None),
        ("/syncs?status=FAILED", "syncs.count", 60),
        ("/attention?status=FAILED", "ask.count", 60),
        ("/records?linked=CUSTOMER", "linked.count", CUSTOMERS),
        ("/records?linked=PREINVOICE", "linked.count", DOCUMENTS),
    ],
)
async def test_a_list_says_how_many_it_holds(
    client: httpx2.AsyncClient, address: str, words: str, number: int | None
) -> None:
    rows = await rows_behind(client, address)
    assert number in (None, rows)
    assert Writer("en").word(words, rows) in (await client.get(address)).text


async def test_the_queue_can_be_read_to_its_end(client: httpx2.AsyncClient) -> None:
    assert f"{Writer('en').word('queue')}: {WAITING}" in (await client.get("/queue")).text
    found, address = [], "/api/v1/queue?limit=50"
    while address:
        answer = await client.get(address)
        found += answer.json()
        further = re.search(r"<(.*)>", answer.headers.get("link", ""))
        address = further[1] if further else ""
    assert len({each["crmId"] for each in found}) == len(found) == WAITING
    order = [(not each["running"], each["due"] or "", each["trigger"] != "MANUAL") for each in found]
    assert order == sorted(order)
