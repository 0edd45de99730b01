"""The people on both sides of the engine: what they do, and what they have a right to find afterwards."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from yarl import URL

from hamgam.intake.webhook import accept, parse_json, parse_query
from hamgam.model import ChangeNotice, TransactionId
from hamgam.sandbox import Finance
from hamgam.sandbox.finance_forms import ContactForm, DocumentForm
from hamgam.sandbox.wire import Object
from tests.flows.stage import Stage

FIELDS = {
    "nickName": "Name",
    "mobile": "MobileNo",
    "nationalCode": "NationalCode",
    "description": "Description",
}
"""The mapped fields that people edit here: as the CRM and as finance calls them."""

PRODUCTS = {"1", "2"}


class Books(Finance):
    """Finance that remembers who wrote what: people at its own desk, or the engine."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.products = PRODUCTS
        self.saves = 0
        self.typed: dict[int, set[str]] = defaultdict(set)
        """Row keys that people have edited since the engine last wrote the contact."""
        self.desk: dict[int, Object] = defaultdict(dict)
        """What people have last given to row keys that the engine must not touch."""
        self.written_at_desk: dict[int, set[str]] = defaultdict(set)
        self.made: list[str] = []
        """The names of the contacts that the engine has created."""
        self.doubled: list[str] = []
        """The names of the contacts that this build has made instead of updating another."""
        self.documents_made: list[str] = []

    def save_contact(self, form: ContactForm) -> int:
        code = super().save_contact(form)
        self.saves += 1
        self.typed[code].clear()
        if form.values == {"IsActive": False}:
            self.desk[code].pop("IsActive", None)  # the deletion of the customer is carried out
        if form.code is None:
            self.made.append(form.values["Name"])
        elif code != form.code:
            self.doubled.append(self.contacts[code]["Name"])
            self.written_at_desk[code] |= self.written_at_desk[form.code]
        return code

    def save_document(self, form: DocumentForm) -> Object:
        document = super().save_document(form)
        self.saves += 1
        if not form.key:
            self.documents_made.append(form.header["namenoesanad"])
        return document

    def edit_at_desk(self, code: int, key: str, value: Any) -> None:
        self.edit_contact(code, **{key: value})
        if key in FIELDS.values():
            self.typed[code].add(key)
            self.written_at_desk[code].add(value)
        else:
            self.desk[code][key] = value


@dataclass
class Door:
    """Takes the CRM's webhooks as an `aiohttp.ClientSession` would send them, and keeps them for the post."""

    outbox: list[ChangeNotice] = field(default_factory=list)

    @asynccontextmanager
    async def post(self, url: str, *, data: bytes, **_: Any) -> AsyncIterator[Any]:
        self.outbox.append(parse_json(data))
        yield SimpleNamespace(status=202)

    @asynccontextmanager
    async def get(self, url: URL, **_: Any) -> AsyncIterator[Any]:
        self.outbox.append(parse_query(url.query))
        yield SimpleNamespace(status=202)


@dataclass
class Thing:
    """A customer or a document of the CRM, as the people who made it remember it."""

    crm_id: str
    known: bool = False
    """Whether a notice came after the last change, so that without polling too it must arrive."""
    typed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """All values that its fields have ever had."""
    before: tuple[str, str] | None = None
    """A mapped field and the value that it had before its last edit."""
    deleted: bool = False
    hidden: Callable[[], None] | None = None
    """A change that was told of already and can be read only later."""


class Town:
    """People working in the CRM and in finance, and the post between the CRM and the engine."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.crm = stage.box.crm
        self.books = stage.box.finance
        assert isinstance(self.books, Books)
        self.door = Door()
        self.crm.http = self.door  # type: ignore[assignment]
        self.crm.webhook_targets = dict.fromkeys(("json", "identity", "invoice", "quote"), "http://engine/")
        if not self.crm.mood.webhook_shape.startswith("query"):
            self.crm.webhook_targets = {"json": "http://engine/"}
        self.things: dict[str, Thing] = {}
        self._foreign: set[TransactionId] = set()
        self._count = 0

    def fresh(self) -> int:
        self._count += 1
        return self._count

    # The CRM's staff

    def add_customer(self, kind: Any, number: str, mobile: str) -> None:
        mine = self.fresh()
        values = {"nickName": f"c{mine}", "mobile": mobile, "nationalCode": f"00{mine}" if mine % 2 else ""}
        crm_id = self.crm.add_customer(kind, customerNumber=number or None, **_wire(values))
        self._remember(crm_id, values)

    def edit_customer(self, thing: Thing, key: str, value: str) -> None:
        self.reveal(thing)
        if key in FIELDS:
            thing.before = (key, crm_value(self.crm.get(thing.crm_id), key))
        self.crm.edit(thing.crm_id, **_wire({key: value}))
        self._remember(thing.crm_id, {key: value})

    def take_back(self, thing: Thing) -> None:
        """Undo the last edit of a mapped field."""
        if thing.before:
            self.edit_customer(thing, *thing.before)

    def edit_customer_unreadably(self, thing: Thing, key: str, value: str) -> None:
        """The notice leaves before the change can be read; the change is stamped with the earlier time."""
        self.reveal(thing)
        stamp = self.crm._stamp()
        kind = self.crm.kind_of(thing.crm_id)
        crm_id = thing.crm_id
        self.door.outbox.append(
            parse_json(b'{"entityType": "%s", "entityId": "%s"}' % (kind.encode(), crm_id.encode()))
        )

        def appear() -> None:
            self.crm.edit(crm_id, deliver=False, **_wire({key: value}))
            table = self.crm.table(kind)
            table[crm_id] = table[crm_id] | {"modifyDate": stamp}

        thing.hidden = appear
        thing.typed[key].add(value)

    def reveal(self, *things: Thing) -> None:
        for thing in things or list(self.things.values()):
            if thing.hidden is not None:
                thing.hidden()
                thing.hidden, thing.known = None, False

    def delete(self, thing: Thing) -> None:
        self.reveal(thing)
        self.crm.delete(thing.crm_id)
        thing.deleted, thing.known = True, False

    def add_document(self, entity: Any, customer: Thing) -> None:
        mine = f"d{self.fresh()}"
        crm_id = self.crm.add_document(entity, customer.crm_id, [_line("1", 1)], subject=mine)
        self._remember(crm_id, {"subject": mine})

    def edit_document(self, thing: Thing, product: str, count: int) -> None:
        if self.things[self.crm.get(thing.crm_id)["identityId"]].deleted:
            return  # the CRM refuses that
        self.crm.edit_document(thing.crm_id, lines=[_line(product, count)])
        thing.known = False

    def _remember(self, crm_id: str, values: Mapping[str, str]) -> None:
        thing = self.things.setdefault(crm_id, Thing(crm_id))
        thing.known = False
        for key, value in values.items():
            thing.typed[key].add(value)

    def customers(self) -> list[Thing]:
        return [thing for thing in self.things.values() if "nickName" in thing.typed and not thing.deleted]

    def documents(self) -> list[Thing]:
        return [thing for thing in self.things.values() if "subject" in thing.typed]

    # The post

    async def deliver(self, *notices: ChangeNotice) -> None:
        await accept(self.stage.db, *notices)
        for notice in notices:
            thing = self.things.get(notice.key.crm_id)
            foreign = notice.transaction_id is None or notice.transaction_id in self._foreign
            if thing is not None and thing.hidden is None and foreign:
                thing.known = True

    def of_another_program(self, notice: ChangeNotice) -> ChangeNotice:
        """The notice of a write that another program has made; it says so as ours do."""
        mine = TransactionId(UUID(int=self.fresh(), version=4))
        self._foreign.add(mine)
        return replace(notice, transaction_id=mine)

    async def written_to_the_outbox(self) -> None:
        """Notices of what has just been done are on their way."""
        await self.crm.deliveries_settled()

    # The bookkeepers

    def add_contact(self, number: str, mobile: str) -> None:
        name = f"f{self.fresh()}"
        self.books.add_contact(Name=name, MobileNo=mobile or None, tmpid=number or None, CityCode="021")

    def adopt(self) -> None:
        """Customers that the import has made are the CRM staff's from now on."""
        for crm_id, row in (self.crm.persons | self.crm.organizations).items():
            if crm_id not in self.things:
                self._remember(crm_id, {key: crm_value(row, key) for key in FIELDS})
                self.things[crm_id].known = True


def crm_value(row: Object, key: str) -> str:
    if key != "mobile":
        return row[key] or ""
    return next((each["phoneNumber"] for each in row["phoneContacts"]), "")


def _wire(values: Mapping[str, str]) -> Object:
    wire: Object = {key: value or None for key, value in values.items() if key != "mobile"}
    if "mobile" in values:
        number = values["mobile"]
        phone = {"default": True, "phoneType": "Mobile", "phoneNumber": number}
        wire["phoneContacts"] = [phone] if number else []
    return wire


def _line(product: str, count: int) -> Object:
    return {
        "productCode": product,
        "count": Decimal(count),
        "baseUnitPrice": Decimal(10),
        "productUnitTypeName": "عدد",
    }
