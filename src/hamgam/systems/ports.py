"""What the engine asks of a CRM and of a finance system, in the words of the business.

No status code, wire name or remote spelling of a date crosses these protocols. Every method raises only
the classes in `hamgam.errors`. A method that writes raises `InDoubt` when it cannot know whether the
write happened; it never repeats one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hamgam.model import (
    Change,
    CrmCustomer,
    CrmId,
    CustomerProbe,
    Entity,
    Fields,
    FinanceContact,
    FinanceId,
    Kind,
    PreInvoice,
    ProbeReport,
    RemoteSession,
    SalesDocument,
    SavedDocument,
    Stream,
    Subscription,
    System,
    TransactionId,
)


@dataclass(frozen=True, slots=True)
class NumberedCustomer:
    """A row of the CRM's light list."""

    id: CrmId
    number: str
    kind: Kind


class CrmConnector(Protocol):
    """The CRM as the engine sees it."""

    async def customer(self, crm_id: CrmId, kind: Kind | None) -> CrmCustomer | None:
        """Read one customer; with an unknown kind both kinds are tried. None: it does not exist."""

    def customer_numbers(self) -> AsyncIterator[NumberedCustomer]:
        """Every customer that has a number, read in pages.

        Pages are no snapshot, so rows may come twice and one may be missed; read again until nothing is new.
        One that comes as a person and as an organization is of a kind that this CRM does not tell here.
        """

    async def customer_by_number(self, number: str) -> CrmId | None:
        """The customer that has exactly this number. None: there is none."""

    def changes(self, stream: Stream, since: datetime) -> AsyncIterator[Sequence[Change]]:
        """Pages of what was modified at or after `since`, oldest first, paged by key and not by number."""

    async def newest_change(self, stream: Stream) -> datetime | None:
        """When the most recently modified entity of this stream was modified. None: there is none."""

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> CrmId: ...

    async def set_reference(self, crm_id: CrmId, kind: Kind, reference: FinanceId) -> None:
        """Write the finance code into the customer's free text field for external ids, and nothing else."""

    async def document(self, crm_id: CrmId, entity: Entity) -> SalesDocument | None:
        """Read one sales invoice or quote with its lines. None: it does not exist."""

    async def subscriptions(self) -> list[Subscription] | None:
        """The registered webhooks. None: this installation has no webhook API."""

    async def subscribe(self, url: str, events: Sequence[str]) -> Subscription | None:
        """Register a webhook. None: this installation has no webhook API."""

    async def unsubscribe(self, subscription_id: str) -> None: ...

    async def alive(self) -> None:
        """Make a cheap, authorized read that concerns no record; raises as any read does."""

    async def probe(self) -> ProbeReport:
        """Log in and read, never write, and say what this build supports. Does not raise."""

    async def aclose(self) -> None: ...


class FinanceConnector(Protocol):
    """The finance system as the engine sees it."""

    def customers(self) -> AsyncIterator[FinanceContact]:
        """Every contact, streamed: memory does not grow with their number."""

    async def customer(self, code: FinanceId) -> FinanceContact | None:
        """Read one contact, or None where this build cannot read one cheaply or the contact is gone."""

    async def reads_one(self) -> bool:
        """Whether `customer` finds whoever is there: its None then means that the contact is gone."""

    async def candidates(self, probe: CustomerProbe) -> list[FinanceContact]:
        """Contacts that could be this customer by any of the probe's keys. More than one is normal.

        Some builds ignore an unknown filter and answer every row, so the rows are checked here.
        """

    def storable(self, fields: Fields) -> Fields:
        """The fields as this system can hold them: what its wire cannot carry is replaced. Pure."""

    async def create_customer(
        self, kind: Kind, number: str, fields: Fields, *, transaction_id: TransactionId
    ) -> FinanceId: ...

    async def update_customer(self, code: FinanceId, number: str, fields: Fields) -> FinanceId:
        """Overwrite the given fields, and answer the code that finance says it has written.

        Some builds answer another code: then they made a second contact, and the caller must see it.
        """

    async def deactivate_customer(self, code: FinanceId) -> FinanceId:
        """Make a contact inactive and touch nothing else; answers as `update_customer` does."""

    async def create_document(
        self, document: PreInvoice, *, transaction_id: TransactionId
    ) -> SavedDocument: ...

    async def update_document(
        self, key: FinanceId, document: PreInvoice, *, transaction_id: TransactionId
    ) -> SavedDocument: ...

    async def alive(self) -> None:
        """Make a cheap, authorized read that concerns no record; raises as any read does."""

    async def probe(self) -> ProbeReport:
        """Log in and read, never write, and say what this build supports. Does not raise."""

    async def aclose(self) -> None: ...


class SessionStore(Protocol):
    """Where the shared login lives. The engine keeps it in the database."""

    async def load(self, system: System) -> RemoteSession | None: ...

    async def save(self, system: System, session: RemoteSession | None) -> None: ...

    def exclusive(self, system: System) -> AbstractAsyncContextManager[None]:
        """Hold the installation-wide lock under which one process logs in."""

    async def refused_at(self, system: System, credentials: str) -> datetime | None:
        """When these credentials (a fingerprint, never the password) were last refused."""

    async def note_refusal(self, system: System, credentials: str, at: datetime) -> None: ...


class Limiter(Protocol):
    """Bounds the load that one remote system sees: parallel calls and calls per second."""

    def slot(self) -> AbstractAsyncContextManager[None]: ...


class CallObserver(Protocol):
    """Is told of every remote call: for metrics, last contact and the state of the remote systems."""

    def waiting(self, system: System) -> AbstractContextManager[None]:
        """Entered for as long as a call has nothing to do but wait for the other side."""

    def called(self, system: System, *, ok: bool, reason: str, seconds: float) -> None: ...


__all__ = [
    "CallObserver",
    "CrmConnector",
    "FinanceConnector",
    "Limiter",
    "NumberedCustomer",
    "RemoteSession",
    "SessionStore",
]
