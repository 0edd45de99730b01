"""The words of the business: what the engine knows of customers, documents and changes.

Values are frozen and free of wire formats. Times are aware UTC, amounts and quantities are `Decimal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

CrmId = NewType("CrmId", str)
"""A GUID of the CRM in canonical lower case."""

FinanceId = NewType("FinanceId", str)
"""A finance code: a contact's `Code` or a document's key, as text."""

TransactionId = NewType("TransactionId", UUID)

Fields = Mapping[str, str]
"""Mapped fields by our own field names. A missing key is absent (not known, never written); "" is empty."""


class System(StrEnum):
    CRM = "crm"
    FINANCE = "finance"


class EntityType(StrEnum):
    """What an entity mapping links."""

    CUSTOMER = "CUSTOMER"
    PREINVOICE = "PREINVOICE"


class Kind(StrEnum):
    """The two kinds of customer, in both systems."""

    PERSON = "person"
    ORGANIZATION = "organization"


class Entity(StrEnum):
    """What can change in the CRM and is looked at as one unit."""

    CUSTOMER = "customer"
    INVOICE = "invoice"
    QUOTE = "quote"

    @property
    def entity_type(self) -> EntityType:
        return EntityType.CUSTOMER if self is Entity.CUSTOMER else EntityType.PREINVOICE


class Stream(StrEnum):
    """What polling reads, each with a cursor of its own."""

    PERSON = "person"
    ORGANIZATION = "organization"
    INVOICE = "invoice"
    QUOTE = "quote"

    @property
    def entity(self) -> Entity:
        return {Stream.INVOICE: Entity.INVOICE, Stream.QUOTE: Entity.QUOTE}.get(self, Entity.CUSTOMER)

    @property
    def kind(self) -> Kind | None:
        return {Stream.PERSON: Kind.PERSON, Stream.ORGANIZATION: Kind.ORGANIZATION}.get(self)


class Trigger(StrEnum):
    WEBHOOK = "WEBHOOK"
    POLL = "POLL"
    MANUAL = "MANUAL"
    IMPORT = "IMPORT"
    RECONCILE = "RECONCILE"


class Direction(StrEnum):
    CRM_TO_FINANCE = "CRM_TO_FINANCE"
    FINANCE_TO_CRM = "FINANCE_TO_CRM"


class Operation(StrEnum):
    CREATE = "CREATE"
    UPDATE = "UPDATE"
    LINK = "LINK"
    NONE = "NONE"


class Status(StrEnum):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CONFLICT = "CONFLICT"
    IN_DOUBT = "IN_DOUBT"


@dataclass(frozen=True, slots=True)
class EntityKey:
    """The unit of work: at most one job per key runs and at most one more waits."""

    entity: Entity
    crm_id: CrmId

    def __str__(self) -> str:
        return f"{self.entity}:{self.crm_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNotice:
    """An entity may have changed. Nothing in it is used as data; the CRM is read again."""

    key: EntityKey
    trigger: Trigger
    kind: Kind | None = None
    transaction_id: TransactionId | None = None
    """Set when the notice says that it was caused by one of our own writes."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What arrived, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmCustomer:
    id: CrmId
    kind: Kind
    number: str
    fields: Fields
    modified_at: datetime | None
    reference: str | None = None
    """The CRM's `refId`; None where the site does not return it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMapping:
    """A link between the two systems. Checksums are None when a side has not been compared yet."""

    id: UUID
    entity: Entity
    crm_id: CrmId
    finance_id: FinanceId
    kind: Kind | None
    transaction_id: TransactionId | None
    last_sync_at: datetime | None
    """None: a person has linked it, and nothing has been written or compared since."""
    crm_checksum: str | None
    finance_checksum: str | None
    crm_updated_at: datetime | None
    blocked: str | None = None
    """Why nothing may be written for this entity until a person has acted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceContact:
    code: FinanceId
    kind: Kind
    number: str | None
    """The foreign number (`tmpid`); None on builds that do not return it."""
    fields: Fields
    active: bool = True
    administrator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProbe:
    """What a contact in finance can be recognised by."""

    number: str = ""
    """The CRM's customer number, as the CRM spells it."""
    code: FinanceId | None = None
    """The finance code that this number stands for, by the site's prefix and offset."""
    national_id: str = ""
    exact: Fields | None = None
    """The values of an earlier create whose answer was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    product_code: str
    product_name: str
    unit: str
    quantity: Decimal
    unit_price: Decimal
    """Before discount and VAT."""
    discount: Decimal
    """Of the whole line."""

    @property
    def net(self) -> Decimal:
        return self.quantity * self.unit_price - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesDocument:
    """A CRM sales invoice or quote."""

    id: CrmId
    entity: Entity
    number: str
    type_code: str
    """The CRM's `crmObjectTypeCode`, such as `PI_5`."""
    customer_id: CrmId | None
    subject: str
    description: str
    lines: tuple[DocumentLine, ...]
    vat: Decimal
    toll: Decimal
    final_value: Decimal | None
    """What the customer pays, VAT included, as the CRM computed it; None where it says nothing."""
    modified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreInvoice:
    """A finance pre-invoice, ready to be written. Site codes are the finance system's own."""

    customer_code: FinanceId
    sale_model: int
    payment_kind: int
    sales_center: int
    sale_kind: int
    intermediary: int
    contact: int | None
    """The finance contact who issues it; None means the contact of the finance session."""
    title: str
    notes: str
    lines: tuple[DocumentLine, ...]

    @property
    def net(self) -> Decimal:
        return sum((line.net for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDocument:
    """The finance system's answer to a saved pre-invoice."""

    key: FinanceId
    number: str
    """The document number that people see; "" when the answer does not name one."""
    net: Decimal | None
    """The net total that finance reports; None when the answer does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One hit of a poll: an entity and when the CRM says it was last modified."""

    key: EntityKey
    kind: Kind | None
    modified_at: datetime
    customer: CrmCustomer | None = None
    """The customer as it was in the hit, where the hit says; None for documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A webhook registration in the CRM."""

    id: str
    url: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that the site probe established, such as whether a filter is honoured."""

    code: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    reachable: bool
    login: bool
    findings: tuple[Finding, ...]
    milliseconds: Mapping[str, int]
    """How long each kind of read took."""


@dataclass(frozen=True, slots=True)
class RemoteSession:
    """A login that all processes of an installation share."""

    token: str
    attributes: Mapping[str, str]
    """What the login said besides the token and what a connector wants to keep, such as the fiscal year."""
