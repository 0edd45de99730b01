"""Payamgostar behind the CRM protocol."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec import UnsetType
from msgspec.json import Decoder

from hamgam.details import Detail
from hamgam.errors import NeedsOperator, Reason, Refused, SyncError
from hamgam.model import (
    Change,
    CrmCustomer,
    CrmId,
    Entity,
    EntityKey,
    Fields,
    FinanceId,
    Kind,
    ProbeReport,
    SalesDocument,
    Stream,
    Subscription,
    System,
    TransactionId,
)
from hamgam.persian import text_key
from hamgam.systems.http import HttpClient, Reply
from hamgam.systems.outcomes import Effect
from hamgam.systems.payamgostar import find, wire
from hamgam.systems.payamgostar.documents import sales_document
from hamgam.systems.payamgostar.fields import new_customer, read_fields
from hamgam.systems.payamgostar.login import Payamgostar
from hamgam.systems.payamgostar.probe import probe
from hamgam.systems.ports import NumberedCustomer, RemoteSession, SessionStore
from hamgam.systems.session import SessionKeeper, fingerprint

OBJECTS = "/api/v2/crmobject"
WEBHOOKS = "/api/webhooks"
LIGHT_PAGE_SIZE = 500

_DOCUMENT_PATHS = {Entity.INVOICE: "invoice/sales", Entity.QUOTE: "quote/sales"}
_IDENTITY_TYPES = {Kind.PERSON: 1, Kind.ORGANIZATION: 2}
_KINDS = {str(number): kind for kind, number in _IDENTITY_TYPES.items()}

T = TypeVar("T", bound=wire.CustomerObject | wire.DocumentObject)


class PayamgostarConnector:
    """Implements `CrmConnector`. `clock` answers aware UTC; `page_size` is the size of a polled page."""

    def __init__(
        self,
        http: HttpClient,
        sessions: SessionStore,
        username: str,
        password: str,
        clock: Callable[[], datetime],
        page_size: int = 100,
    ) -> None:
        self._http = http
        self._page_size = page_size
        login = Payamgostar(http, username, password, clock)
        self._keeper = SessionKeeper(
            System.CRM,
            sessions,
            login.sign_in,
            credentials=fingerprint(http.base_url, username, password),
            clock=clock,
            usable=login.usable,
        )
        self._clock = clock

    async def customer(self, crm_id: CrmId, kind: Kind | None) -> CrmCustomer | None:
        for each in (kind,) if kind else (Kind.PERSON, Kind.ORGANIZATION):
            reply = await self._read(f"{OBJECTS}/{each}/get", {"id": crm_id})
            found = _object(reply, wire.customer, crm_id)
            if found is not None:
                return _customer(found, each)
        return None

    async def customer_numbers(self) -> AsyncGenerator[NumberedCustomer]:
        for kind in Kind:
            async for rows in self._light_pages(kind):
                for row in rows:
                    number = wire.text(row.customer_no).strip()
                    if row.identity_id and number:
                        yield NumberedCustomer(wire.crm_id(row.identity_id), number, kind)

    async def _light_pages(self, kind: Kind) -> AsyncGenerator[list[wire.LightRow]]:
        """To the first empty page behind page 0: pages may be cut short, and some CRMs begin at 1."""
        previous: list[wire.LightRow] = []
        for page in count():
            reply = await self.light_page(page, kind=kind)
            rows = reply.decode(wire.light_rows)
            if page > 0 and not rows:
                return
            if page > 1 and rows == previous:
                if len(rows) < LIGHT_PAGE_SIZE:
                    return  # the page number is ignored, and this is everything there is
                raise reply.broken(Detail.PAGE_IGNORED())
            yield rows
            previous = rows

    async def customer_by_number(self, number: str) -> CrmId | None:
        for stream in (Stream.PERSON, Stream.ORGANIZATION):
            source = find.SOURCES[stream]
            reply = await self.find_page(source, find.number_body(source, number))
            hits = reply.decode(wire.customer_page).data or []
            numbers = {wire.crm_id(hit.crm_id): text_key(wire.text(hit.customer_number)) for hit in hits}
            if any(found != text_key(number) for found in numbers.values()):
                return await self._number_in_light_list(number)  # the condition is ignored
            if numbers:
                return next(iter(numbers))
        return None

    async def _number_in_light_list(self, number: str) -> CrmId | None:
        async with aclosing(self.customer_numbers()) as customers:
            async for customer in customers:
                if text_key(customer.number) == text_key(number):
                    return customer.id
        return None

    async def changes(self, stream: Stream, since: datetime) -> AsyncIterator[Sequence[Change]]:
        source = find.SOURCES[stream]

        async def fetch(key: str, page: int) -> find.FoundPage:
            return await self._find(source, find.since_body(source, key, page, self._page_size))

        async for hits in find.changed_since(fetch, since, self._page_size):
            yield [_change(stream, hit) for hit in hits]

    async def newest_change(self, stream: Stream) -> datetime | None:
        source = find.SOURCES[stream]
        page = await self._find(source, find.newest_body(source))
        return page.hits[0].modified_at if page.hits else None

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> CrmId:
        body = new_customer(kind, number, fields)
        # A CRM that knows the header can say in its notices whose write caused them; others ignore it.
        headers = {"X-Transaction-Id": str(transaction_id)}
        reply = await self._write("POST", f"{OBJECTS}/{kind}/create", body, headers)
        answer = _supported(reply).decode(wire.saved)
        if made := answer.crm_id or answer.id:
            return wire.crm_id(made)
        raise reply.broken(Detail.NO_ID())

    async def set_reference(self, crm_id: CrmId, kind: Kind, reference: FinanceId) -> None:
        body = {"crmId": crm_id, "refId": reference}
        reply = await self._write("POST", f"{OBJECTS}/{kind}/update", body)
        if not reply.found:
            raise Refused(Reason.NOT_IN_CRM, system=System.CRM)

    async def document(self, crm_id: CrmId, entity: Entity) -> SalesDocument | None:
        reply = await self._read(f"{OBJECTS}/{_DOCUMENT_PATHS[entity]}/get", {"id": crm_id})
        found = _object(reply, wire.document, crm_id)
        return None if found is None else sales_document(found, entity)

    async def subscriptions(self) -> list[Subscription] | None:
        reply = await self._read(WEBHOOKS, method="GET")
        if not reply.found:
            return None
        answer = reply.decode(wire.hooks)
        hooks = answer.data if isinstance(answer, wire.HookPage) else answer
        return [_subscription(hook) for hook in hooks]

    async def subscribe(self, url: str, events: Sequence[str]) -> Subscription | None:
        reply = await self._write("POST", WEBHOOKS, {"url": url, "events": list(events)})
        if not reply.found:
            return None
        hook = reply.decode(wire.hook)
        if not wire.text(hook.id):
            raise reply.broken(Detail.NO_ID())
        return Subscription(id=wire.text(hook.id), url=hook.url or url, events=tuple(hook.events or events))

    async def unsubscribe(self, subscription_id: str) -> None:
        """Remove a webhook; one that is gone already is no error."""
        reply = await self._write("DELETE", f"{WEBHOOKS}/{quote(subscription_id, safe='')}", None)
        if reply.status == 405:
            raise _not_supported()

    async def alive(self) -> None:
        (await self.light_page(0, size=1)).decode(wire.light_rows)

    async def probe(self) -> ProbeReport:
        return await probe(self, self._keeper, self._clock)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _read(self, path: str, body: object | None = None, *, method: str = "POST") -> Reply:
        return await self._call(method, path, body, {}, Effect.READ)

    async def light_page(self, page: int, *, size: int = LIGHT_PAGE_SIZE, kind: Kind | None = None) -> Reply:
        """One page of the light list, the first is 0. Rows tell no kind: one is asked for, or both."""
        body = {"pageNumber": page, "pageSize": size, "searchTerm": ""}
        if kind is not None:
            body["identityType"] = _IDENTITY_TYPES[kind]
        return _supported(await self._read(f"{OBJECTS}/identity/search", body))

    async def find_page(self, source: find.Source, body: dict[str, Any]) -> Reply:
        return _supported(await self._read(f"{OBJECTS}/{source.path}/find", body))

    async def _find(self, source: find.Source, body: dict[str, Any]) -> find.FoundPage:
        reply = await self.find_page(source, body)
        page = _page(reply, source.kind)
        try:
            hits = [_seen(hit, source.kind) for hit in page.data or []]
        except ValueError:
            raise reply.broken(Detail.NO_DATE()) from None
        return find.FoundPage(hits, page.total)

    async def _write(
        self, method: str, path: str, body: object | None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        return await self._call(method, path, body, headers or {}, Effect.WRITE)

    async def _call(
        self, method: str, path: str, body: object | None, headers: Mapping[str, str], effect: Effect
    ) -> Reply:
        async def call(session: RemoteSession) -> Reply:
            bearer = {**headers, "Authorization": f"Bearer {session.token}"}
            return await self._http.call(method, path, body=body, headers=bearer, effect=effect)

        return await self._keeper.authorized(call)


def _object(reply: Reply, decoder: Decoder[T | None], asked: CrmId) -> T | None:
    """What a get answers. 404 means not found here; 405 that this is not the API we think it is.

    Another object than the one asked for is not believed: its values would be written to somebody else.
    """
    if reply.status == 405:
        raise _not_supported()
    found = reply.decode(decoder) if reply.found else None
    if found is not None and wire.crm_id(found.crm_id) != wire.crm_id(asked):
        raise reply.broken(Detail.OTHER_ID())
    return found


def _supported(reply: Reply) -> Reply:
    if not reply.found:
        raise _not_supported()
    return reply


def _not_supported() -> SyncError:
    return NeedsOperator(Reason.NOT_SUPPORTED, Detail.CALL_UNKNOWN_TO_CRM(), system=System.CRM)


def _customer(found: wire.CustomerObject, asked: Kind) -> CrmCustomer:
    return CrmCustomer(
        id=wire.crm_id(found.crm_id),
        kind=_KINDS.get(wire.text(found.identity_type), asked),
        number=wire.text(found.customer_number).strip(),
        fields=read_fields(found),
        modified_at=wire.maybe_moment(found.modify_date),
        reference=None if isinstance(found.ref_id, UnsetType) else wire.text(found.ref_id),
    )


def _page(reply: Reply, kind: Kind | None) -> wire.Page | wire.CustomerPage:
    if kind is None:
        return reply.decode(wire.page)
    try:
        return reply.decode(wire.customer_page)
    except SyncError:
        # One object of a strange shape must not hide the others for ever: a hit needs an id and a time only.
        return reply.decode(wire.page)


def _seen(hit: wire.Hit | wire.CustomerObject, kind: Kind | None) -> find.Seen:
    customer = _customer(hit, kind) if kind and isinstance(hit, wire.CustomerObject) else None
    return find.Seen(wire.crm_id(hit.crm_id), wire.moment(hit.modify_date or ""), customer)


def _change(stream: Stream, hit: find.Seen) -> Change:
    key = EntityKey(stream.entity, hit.id)
    return Change(key=key, kind=stream.kind, modified_at=hit.modified_at, customer=hit.customer)


def _subscription(hook: wire.Hook) -> Subscription:
    return Subscription(id=wire.text(hook.id), url=hook.url or "", events=tuple(hook.events or ()))
