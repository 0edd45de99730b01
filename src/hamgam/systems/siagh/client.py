"""Siagh behind the finance protocol."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Set
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime

from hamgam.details import Detail
from hamgam.errors import NeedsOperator, Reason, TryLater
from hamgam.model import (
    CustomerProbe,
    Fields,
    FinanceContact,
    FinanceId,
    Kind,
    PreInvoice,
    ProbeReport,
    SavedDocument,
    System,
    TransactionId,
)
from hamgam.systems.http import HttpClient, Reply, Stream
from hamgam.systems.outcomes import Effect
from hamgam.systems.ports import RemoteSession, SessionStore
from hamgam.systems.session import SessionKeeper, fingerprint
from hamgam.systems.siagh import forms, match, wire
from hamgam.systems.siagh.fields import contact
from hamgam.systems.siagh.getall import rows
from hamgam.systems.siagh.probe import probe

LOGIN = "/GeneralApi/LoginUser"
GET_ALL = "/api/Sgh/GEN/Gn_Web_Users/GetAll"
SAVE = "/BpmsApi/SaveFormData"

BuildBody = Callable[[RemoteSession], forms.Body]


class SiaghConnector:
    """Implements `FinanceConnector`. `password` is the upper-case MD5; `clock` answers aware UTC.

    `mapped` answers how many contacts are known to be there: a whole list with less than half as many rows is
    not believed.
    What a build supports is learnt from its answers and remembered for the life of the connector.
    """

    def __init__(
        self,
        http: HttpClient,
        sessions: SessionStore,
        username: str,
        password: str,
        clock: Callable[[], datetime],
        mapped: Callable[[], Awaitable[int]],
    ) -> None:
        self._http = http
        self._mapped = mapped
        self._username = username
        self._password = password
        self._clock = clock
        self._keeper = SessionKeeper(
            System.FINANCE,
            sessions,
            self._sign_in,
            credentials=fingerprint(http.base_url, username, password),
            clock=clock,
        )
        self._returns_number: bool | None = None
        self._reads_one: bool | None = None
        self._honoured: set[str] = set()
        self._ignored: set[str] = set()
        self._proving = asyncio.Lock()

    @property
    def returns_number(self) -> bool | None:
        """Whether rows carry the foreign number (`tmpid`); None: no row was seen yet."""
        return self._returns_number

    async def customers(self) -> AsyncGenerator[FinanceContact]:
        # The caller may call finance between two rows, so the stream does not keep its slot.
        async with aclosing(self._all(hold_slot=False)) as contacts:
            async for each in contacts:
                yield each

    async def customer(self, code: FinanceId) -> FinanceContact | None:
        if not code.isdecimal() or self._reads_one is False:
            return None
        found = await self._filtered(("Code", int(code)))
        return found[0] if found else None

    async def reads_one(self) -> bool:
        """An empty answer teaches nothing: where none has told yet, somebody who is there is asked for."""
        if self._reads_one is None:
            for each in await self.sample(1):
                if each.code.isdecimal():
                    await self.honours(("Code", int(each.code)))
        return self._reads_one is True

    async def candidates(self, probe: CustomerProbe) -> list[FinanceContact]:
        asked = match.filters(probe, number_returned=self._returns_number is not False)
        found: list[FinanceContact] = []
        for spellings in asked:
            for one in spellings:
                answer = None if one[0] in self._ignored else await self._filtered(one)
                if answer is None:
                    return await self._search_everything(probe)
                found += answer
                if answer:
                    break
        best = match.best_first(found, probe)
        if best:
            return best
        # A create may hang on this answer, and a filter that finds nothing is no proof of absence.
        return await self._search_behind({spellings[0][0] for spellings in asked}, probe)

    def storable(self, fields: Fields) -> Fields:
        return {name: forms.wire_text(value) for name, value in fields.items()}

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> FinanceId:
        """The transaction id has no place on the wire: finance knows no key against doubles."""
        return await self._save_contact(forms.create_contact(kind, number, fields))

    async def update_customer(self, code: FinanceId, number: str, fields: Fields) -> FinanceId:
        return await self._save_contact(forms.update_contact(code, number, fields))

    async def deactivate_customer(self, code: FinanceId) -> FinanceId:
        return await self._save_contact(forms.deactivate_contact(code))

    async def create_document(self, document: PreInvoice, *, transaction_id: TransactionId) -> SavedDocument:
        return await self._save_document(document, transaction_id, None)

    async def update_document(
        self, key: FinanceId, document: PreInvoice, *, transaction_id: TransactionId
    ) -> SavedDocument:
        return await self._save_document(document, transaction_id, key)

    async def sample(self, size: int) -> list[FinanceContact]:
        """The first contacts of the list; the rest is not waited for."""
        found: list[FinanceContact] = []
        async with aclosing(self._all()) as contacts:
            async for each in contacts:
                found.append(each)
                if len(found) == size:
                    break
        return found

    async def honours(self, wanted: match.Filter) -> bool:
        """Whether a filter that must find something is applied."""
        found = await self._filtered(wanted)
        if not found:
            self._learn(wanted[0], honoured=False)
        return bool(found)

    async def alive(self) -> None:
        # No contact has this code. A build that ignores the filter begins to send them all, and is cut off.
        async with self._list("POST", {"Code": 0}, True) as stream, aclosing(rows(stream.chunks())) as found:
            async for _ in found:
                return

    async def probe(self) -> ProbeReport:
        return await probe(self, self._keeper)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sign_in(self, previous: RemoteSession | None) -> RemoteSession:
        body = {"UserName": self._username, "Password": self._password}
        reply = await self._http.call("POST", LOGIN, body=body, headers={}, effect=Effect.LOGIN)
        if not reply.found:
            raise NeedsOperator(Reason.WRONG_ADDRESS, Detail.NO_LOGIN(), system=System.FINANCE)
        answer = reply.decode(wire.login_answer)
        if not answer.session_id:
            raise reply.broken(Detail.NO_SESSION())
        return wire.session(answer, self._clock())

    # The list of contacts

    async def _all(self, *, hold_slot: bool = True) -> AsyncGenerator[FinanceContact]:
        """Every contact. A list that is well-formed and yet too short must not be read as absence."""
        # Asked before the list is: those who are mapped while it is read need not be in it.
        known, held = await self._mapped(), 0
        async with aclosing(self._contacts("GET", None, hold_slot=hold_slot)) as contacts:
            async for each in contacts:
                held += 1
                yield each
        if 2 * held < known:
            detail = Detail.SHORT_LIST(amount=held, against=known)
            raise TryLater(Reason.BROKEN_ANSWER, detail, system=System.FINANCE)

    async def _filtered(self, wanted: match.Filter) -> list[FinanceContact] | None:
        """The contacts with one value, or None where this build ignores such a filter."""
        found = []
        async with aclosing(self._contacts("POST", dict([wanted]))) as contacts:
            async for each in contacts:
                if not match.meets(each, wanted):
                    self._learn(wanted[0], honoured=False)
                    return None
                found.append(each)
        if found:
            self._learn(wanted[0], honoured=True)
        return found

    async def _search_behind(self, keys: set[str], probe: CustomerProbe) -> list[FinanceContact]:
        """What these filters may have missed: a build can answer nothing where it knows no such filter.

        Once a filter has found somebody its silence is believed, unless a write may have been done just now.
        """
        async with self._proving:
            if probe.exact is None and keys <= self._honoured:
                return []
            return await self._search_everything(probe, prove=keys)

    async def _search_everything(
        self, probe: CustomerProbe, prove: Set[str] = frozenset()
    ) -> list[FinanceContact]:
        """One pass for all keys together, which also meets somebody whom each filter to prove must find."""
        found: list[FinanceContact] = []
        known: dict[str, object] = {}
        async with aclosing(self._all()) as contacts:
            async for each in contacts:
                if match.rank(each, probe) is not None:
                    found.append(each)
                if not prove <= known.keys():
                    known = match.questions(each) | known
        for key in sorted(prove & known.keys() - self._honoured):
            await self.honours((key, known[key]))
        return match.best_first(found, probe)

    def _learn(self, key: str, *, honoured: bool) -> None:
        (self._honoured if honoured else self._ignored).add(key)
        if key == "Code" and self._reads_one is not False:
            self._reads_one = honoured

    async def _contacts(
        self, method: str, wanted: dict[str, object] | None, *, hold_slot: bool = True
    ) -> AsyncGenerator[FinanceContact]:
        async with (
            self._list(method, wanted, hold_slot) as stream,
            aclosing(rows(stream.chunks())) as found,
        ):
            async for row in found:
                if each := contact(row):
                    # A build may leave out what is null, so one row with the key decides.
                    self._returns_number = self._returns_number or each.number is not None
                    yield each

    @asynccontextmanager
    async def _list(
        self, method: str, wanted: dict[str, object] | None, hold_slot: bool
    ) -> AsyncIterator[Stream]:
        async with AsyncExitStack() as stack:

            async def call(session: RemoteSession) -> Stream:
                headers = {"Authorization": session.token}
                stream = await stack.enter_async_context(
                    self._http.stream(
                        method,
                        GET_ALL,
                        body=wanted,
                        headers=headers,
                        effect=Effect.READ,
                        hold_slot=hold_slot,
                    )
                )
                if stream.status == 401:
                    await stack.aclose()  # its slot is needed for the login
                return stream

            stream = await self._keeper.authorized(call)
            if stream.status in {404, 405}:
                raise _not_supported("GetAll")
            yield stream

    # Saving

    async def _save_contact(self, body: forms.Body) -> FinanceId:
        reply = await self._save(lambda session: body)
        code = wire.saved_code(self._succeeded(reply))
        if code is None:
            raise reply.broken(Detail.NO_CODE())
        return code

    async def _save_document(
        self, document: PreInvoice, transaction_id: TransactionId, key: FinanceId | None
    ) -> SavedDocument:
        def body(session: RemoteSession) -> forms.Body:
            return forms.save_document(
                document,
                transaction_id=transaction_id,
                fiscal_year=_attribute(session, wire.FISCAL_YEAR),
                contact=str(document.contact or _attribute(session, wire.CONTACT_CODE)),
                key=key,
            )

        reply = await self._save(body)
        saved = wire.saved_document(self._succeeded(reply))
        if saved is None:
            raise reply.broken(Detail.NO_KEY())
        return saved

    async def _save(self, body: BuildBody) -> Reply:
        """The body is built for the session that carries it: its fiscal year is the session's."""

        async def call(session: RemoteSession) -> Reply:
            return await self._http.call(
                "POST",
                SAVE,
                body=body(session),
                headers={"Authorization": session.token},
                effect=Effect.WRITE,
            )

        return await self._keeper.authorized(call)

    def _succeeded(self, reply: Reply) -> wire.SaveAnswer:
        if not reply.found:
            raise _not_supported("SaveFormData")
        answer = reply.decode(wire.save_answer)
        wire.refuse_failure(answer)
        return answer


def _attribute(session: RemoteSession, name: str) -> str:
    value = session.attributes.get(name, "")
    if not value:
        detail = Detail.NO_ATTRIBUTE(name)
        raise NeedsOperator(Reason.NOT_SUPPORTED, detail, system=System.FINANCE)
    return value


def _not_supported(call: str) -> NeedsOperator:
    return NeedsOperator(Reason.NOT_SUPPORTED, Detail.CALL_UNKNOWN_TO_FINANCE(call), system=System.FINANCE)
