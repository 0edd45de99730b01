"""The CRM's state, and what people do in it.

Tests and the demo use the methods here as the staff would use the CRM's own pages; the HTTP side ends in the
same `insert`, `change` and `remove`, so that both deliver webhooks and move `modifyDate` alike.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

import aiohttp

from hamgam.sandbox import crm_webhooks
from hamgam.sandbox.crm_objects import (
    IDENTITY_TYPES,
    LISTS,
    READ_ONLY,
    TYPE_CODES,
    Kind,
    blank,
    display_name,
    document_totals,
    priced_line,
    with_contact_ids,
)
from hamgam.sandbox.crm_webhooks import Delivery, Registration
from hamgam.sandbox.moods import CrmMood
from hamgam.sandbox.times import Clock, object_date
from hamgam.sandbox.wire import Object, Problem

_KEPT = ("crmId", "creatDate", "crmObjectTypeCode")
"""What an update that replaces everything leaves alone."""

Sleep = Callable[[float], Awaitable[object]]


class Crm:
    """The simulated CRM. Objects are kept as they travel, by id in lower case; treat them as read only."""

    def __init__(self, mood: CrmMood, clock: Clock, rng: Random, sleep: Sleep = asyncio.sleep) -> None:
        self.mood = mood
        self.clock = clock
        self.sleep = sleep
        self._rng = rng
        self._last_stamp: datetime | None = None
        self.persons: dict[str, Object] = {}
        self.organizations: dict[str, Object] = {}
        self.invoices: dict[str, Object] = {}
        self.quotes: dict[str, Object] = {}
        self._by_number: dict[str, set[str]] = {}
        self._document_numbers = count(1001)
        self.moved: set[str] = set()
        """Objects that have moved once while pages were read."""

        self.licensed = True
        self.locked_out = False
        self.logins = 0
        self.refreshes = 0
        self.failed_logins = 0
        self.failed_in_a_row = 0
        self.token_seconds = 3600
        self.tokens: dict[str, datetime] = {}
        self.refresh_tokens: dict[str, str] = {}

        self.webhook_secret = "sandbox-webhook-secret"  # noqa: S105 - public, of a simulation
        self.webhook_targets: dict[str, str] = {}
        self.registrations: dict[str, Registration] = {}
        self.delivery_log: list[Delivery] = []
        self.deliveries: set[asyncio.Task[None]] = set()
        self.http: aiohttp.ClientSession | None = None

    # Reading

    def table(self, kind: Kind) -> dict[str, Object]:
        return {
            "person": self.persons,
            "organization": self.organizations,
            "invoice": self.invoices,
            "quote": self.quotes,
        }[kind]

    def kind_of(self, crm_id: str) -> Kind:
        """Raises KeyError for an id that nobody has."""
        kinds: tuple[Kind, ...] = ("person", "organization", "invoice", "quote")
        for kind in kinds:
            if crm_id in self.table(kind):
                return kind
        raise KeyError(crm_id)

    def get(self, crm_id: str) -> Object:
        """Any object. Raises KeyError."""
        return self.table(self.kind_of(crm_id))[crm_id]

    def numbered(self, number: str) -> set[str]:
        """The ids of the customers with this number."""
        return {
            crm_id
            for crm_id in self._by_number.get(number, ())
            if (self.persons.get(crm_id) or self.organizations.get(crm_id) or {}).get("customerNumber")
            == number
        }

    def new_id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    # People working in the CRM

    def add_customer(self, kind: Kind = "person", *, deliver: bool = True, **fields: Any) -> str:
        """Add a customer from fields by their wire names, and answer its id."""
        if kind not in IDENTITY_TYPES:
            raise ValueError(f"not a kind of customer: {kind}")
        return self.insert(kind, fields, deliver=deliver)

    def edit(self, crm_id: str, *, deliver: bool = True, **changes: Any) -> None:
        """Change fields of any object by their wire names. Raises KeyError."""
        self.change(self.kind_of(crm_id), crm_id, changes, deliver=deliver)

    def set_phone(self, crm_id: str, phone_type: str, number: str, *, deliver: bool = True) -> None:
        """Give a customer its phone of this type; "" takes it away."""
        phones = list(self.get(crm_id)["phoneContacts"])
        kept = [phone for phone in phones if phone.get("phoneType") != phone_type]
        if number:
            kept.append({"phoneType": phone_type, "phoneNumber": number, "default": not kept})
        self.edit(crm_id, deliver=deliver, phoneContacts=kept)

    def delete(self, crm_id: str, *, deliver: bool = True) -> None:
        """Raises KeyError."""
        self.remove(self.kind_of(crm_id), crm_id, deliver=deliver)

    def add_document(
        self,
        entity: Kind,
        customer_id: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        deliver: bool = True,
        **header: Any,
    ) -> str:
        """Add a sales invoice or quote with its lines (`details` by wire names); totals are computed.

        Raises Problem when there is no such customer, or an amount is no number.
        """
        fields = header | {"identityId": customer_id, "details": list(lines)}
        return self.insert(entity, fields, deliver=deliver)

    def edit_document(self, crm_id: str, *, deliver: bool = True, **changes: Any) -> None:
        """As `edit`; new lines go by `lines` or `details`, and the totals follow them."""
        if "lines" in changes:
            changes["details"] = changes.pop("lines")
        self.edit(crm_id, deliver=deliver, **changes)

    async def deliveries_settled(self) -> None:
        """Wait until every webhook that is under way was delivered or has failed."""
        while self.deliveries:
            await asyncio.wait(self.deliveries)

    def expire_sessions(self, *, refresh_tokens: bool = False) -> None:
        """End every session; refresh tokens stay good unless asked otherwise."""
        self.tokens.clear()
        if refresh_tokens:
            self.refresh_tokens.clear()

    # What both people and the API do

    def insert(
        self,
        kind: Kind,
        fields: Mapping[str, Any],
        *,
        deliver: bool = True,
        transaction_id: str | None = None,
    ) -> str:
        crm_id, stamp = self.new_id(), self._stamp()
        written = {name: value for name, value in fields.items() if name not in READ_ONLY}
        obj = blank(kind) | {"crmObjectTypeCode": TYPE_CODES[kind]} | self._extras() | self._finished(written)
        obj |= {"crmId": crm_id, "creatDate": stamp, "modifyDate": stamp}
        self._settle(kind, obj, fields)
        self.table(kind)[crm_id] = obj
        self._index(obj)
        self._tell(kind, obj, "created", deliver, transaction_id)
        return crm_id

    def change(
        self,
        kind: Kind,
        crm_id: str,
        changes: Mapping[str, Any],
        *,
        deliver: bool = True,
        transaction_id: str | None = None,
        replace: bool = False,
    ) -> None:
        """Raises KeyError. A new object takes the place of the old, so that a reader keeps what it read."""
        table = self.table(kind)
        old = table[crm_id]
        written = {name: value for name, value in changes.items() if name not in READ_ONLY}
        base = blank(kind) | {name: old[name] for name in _KEPT} if replace else old
        obj = base | self._finished(written) | {"modifyDate": self._stamp()}
        self._settle(kind, obj, changes)
        table[crm_id] = obj
        self._index(obj)
        self._tell(kind, obj, "updated", deliver, transaction_id)

    def remove(
        self, kind: Kind, crm_id: str, *, deliver: bool = True, transaction_id: str | None = None
    ) -> None:
        obj = self.table(kind).pop(crm_id)
        self._tell(kind, obj, "deleted", deliver, transaction_id)

    def touch(self, crm_id: str) -> None:
        """Somebody saves the object without changing anything, while pages are read."""
        self.moved.add(crm_id)
        self.change(self.kind_of(crm_id), crm_id, {}, deliver=False)

    def _stamp(self) -> str:
        """The modification time: later than every one before it, to the millisecond."""
        now = self.clock()
        if self.mood.fraction_digits != 7:
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if self._last_stamp is not None and now <= self._last_stamp:
            now = self._last_stamp + timedelta(milliseconds=1)
        self._last_stamp = now
        return object_date(now, self.mood.fraction_digits)

    def _extras(self) -> Object:
        if not self.mood.extra_fields:
            return {}
        nested = {"regionCode": 7, "levels": [{"title": "ویژه", "since": None}, []]}
        return {"siteLoyalty": nested, "siteColor": "سبز", "siteScore": None, "isSiteVip": True}

    def _finished(self, fields: Mapping[str, Any]) -> Object:
        """Fields as the server keeps them: contacts have ids, lines have totals."""
        finished = dict(fields)
        for name in (*LISTS, "details"):
            if name in finished and finished[name] is None:
                finished[name] = []
        for name in ("phoneContacts", "addressContacts"):
            if name in finished:
                finished[name] = with_contact_ids(finished[name], self.new_id)
        if isinstance(finished.get("details"), list):
            finished["details"] = [priced_line(line) for line in finished["details"]]
        return finished

    def _settle(self, kind: Kind, obj: Object, given: Mapping[str, Any]) -> None:
        """Fill in what follows from the rest and was not given."""
        if kind in IDENTITY_TYPES:
            obj["identityId"] = obj["crmId"]
            obj["nickName"] = obj["nickName"] or display_name(obj)
            return
        if obj["identityId"] not in self.persons and obj["identityId"] not in self.organizations:
            raise Problem(400, "مشتری سند یافت نشد.")
        if "details" in given or obj["finalValue"] is None:
            totals = document_totals(obj)
            obj.update({name: value for name, value in totals.items() if name not in given})
        date_name = "invoiceDate" if kind == "invoice" else "quoteDate"
        obj[date_name] = obj[date_name] or obj["creatDate"]
        obj["number"] = obj["number"] or str(next(self._document_numbers))

    def _index(self, obj: Object) -> None:
        number = obj.get("customerNumber")
        if number:
            self._by_number.setdefault(number, set()).add(obj["crmId"])

    def _tell(
        self, kind: Kind, obj: Object, action: crm_webhooks.Action, deliver: bool, transaction_id: str | None
    ) -> None:
        if deliver:
            crm_webhooks.notify(self, crm_webhooks.Event(kind, obj["crmId"], action, transaction_id))
