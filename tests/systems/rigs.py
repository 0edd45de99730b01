"""The worlds in which the contract of a port is tested: the sandbox in one of its moods, or the fake."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from hamgam.model import (
    CrmId,
    DocumentLine,
    Entity,
    FinanceId,
    Kind,
    PreInvoice,
    SalesDocument,
    System,
    TransactionId,
)
from hamgam.sandbox import (
    CRM_PASSWORD,
    CRM_USERNAME,
    FINANCE_PASSWORD_MD5,
    FINANCE_USERNAME,
    CrmMood,
    FinanceMood,
    Sandbox,
)
from hamgam.systems.http import HttpClient
from hamgam.systems.payamgostar import PayamgostarConnector
from hamgam.systems.ports import CrmConnector, FinanceConnector
from hamgam.systems.siagh import SiaghConnector
from tests.fakes import Clock, FakeCrm, FakeFinance, InMemorySessions, Observed, Unlimited

TRANSACTION = TransactionId(UUID("be8892df-92ea-4c49-8608-2afed6f07dcb"))
NOBODY = CrmId("11111111-1111-4111-8111-111111111111")


def line(code: str = "P-1", quantity: str = "2.5", price: str = "1000.1234", **changes: Any) -> DocumentLine:
    values = {
        "product_code": code,
        "product_name": "کالا",
        "unit": "عدد",
        "quantity": Decimal(quantity),
        "unit_price": Decimal(price),
        "discount": Decimal("0.5"),
    }
    return DocumentLine(**(values | changes))


def pre_invoice(customer: FinanceId, *lines: DocumentLine, **changes: Any) -> PreInvoice:
    values = {
        "customer_code": customer,
        "sale_model": 5,
        "payment_kind": 1,
        "sales_center": 1,
        "sale_kind": 1,
        "intermediary": 1,
        "contact": None,
        "title": "پیش فاکتور",
        "notes": "",
        "lines": lines or (line(),),
    }
    return PreInvoice(**(values | changes))


class CrmRig(Protocol):
    """People working in a CRM, and the connector to it."""

    connector: CrmConnector

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> CrmId: ...
    def edit(self, crm_id: CrmId, **fields: str) -> None: ...
    def add_document(self, entity: Entity, customer: CrmId, lines: Sequence[DocumentLine]) -> CrmId: ...


class FakeCrmRig:
    def __init__(self, clock: Clock) -> None:
        self.connector = FakeCrm(clock, page_size=3)

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> CrmId:
        return self.connector.put(kind, number, **fields)

    def edit(self, crm_id: CrmId, **fields: str) -> None:
        self.connector.edit(crm_id, **fields)

    def add_document(self, entity: Entity, customer: CrmId, lines: Sequence[DocumentLine]) -> CrmId:
        return self.connector.put_document(
            SalesDocument(
                id=CrmId(f"22222222-2222-4222-8222-{len(self.connector.papers):012x}"),
                entity=entity,
                number="",
                type_code="PI_5",
                customer_id=customer,
                subject="",
                description="",
                lines=tuple(lines),
                vat=Decimal(0),
                toll=Decimal(0),
                final_value=None,
                modified_at=None,
            )
        )


@dataclass
class SandboxCrmRig:
    box: Sandbox
    connector: PayamgostarConnector
    clock: Clock
    store: InMemorySessions

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> CrmId:
        wire = self._wire(fields) | {"customerNumber": number or None}
        crm_id = CrmId(self.box.crm.add_customer(kind.value, deliver=False, **wire))
        self._phone(crm_id, fields)
        return crm_id

    def edit(self, crm_id: CrmId, **fields: str) -> None:
        self.box.crm.edit(crm_id, deliver=False, **self._wire(fields))
        self._phone(crm_id, fields)

    def add_document(self, entity: Entity, customer: CrmId, lines: Sequence[DocumentLine]) -> CrmId:
        details = [
            {
                "productCode": each.product_code,
                "productName": each.product_name,
                "productUnitTypeName": each.unit,
                "count": each.quantity,
                "baseUnitPrice": each.unit_price,
                "totalDiscount": each.discount,
            }
            for each in lines
        ]
        return CrmId(self.box.crm.add_document(entity.value, customer, details, deliver=False))

    def _wire(self, fields: dict[str, str]) -> dict[str, Any]:
        names = {"email": "email", "national_id": "nationalCode", "description": "description"}
        wire = {names[name]: value for name, value in fields.items() if name in names}
        return wire | ({"nickName": fields["name"]} if "name" in fields else {})

    def _phone(self, crm_id: CrmId, fields: dict[str, str]) -> None:
        if "mobile" in fields:
            self.box.crm.set_phone(crm_id, "Mobile", fields["mobile"], deliver=False)


class FinanceRig(Protocol):
    """People working in the finance system, and the connector to it."""

    connector: FinanceConnector
    returns_number: bool
    reads_one: bool

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> FinanceId: ...


class FakeFinanceRig:
    def __init__(self, *, returns_number: bool, reads_one: bool) -> None:
        self.connector = FakeFinance(returns_number=returns_number, reads_one=reads_one)
        self.returns_number = returns_number
        self.reads_one = reads_one

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> FinanceId:
        return self.connector.put(kind, number, **fields)


@dataclass
class SandboxFinanceRig:
    box: Sandbox
    connector: SiaghConnector
    clock: Clock
    store: InMemorySessions

    @property
    def returns_number(self) -> bool:
        return self.box.finance.mood.returns_tmpid

    @property
    def reads_one(self) -> bool:
        return self.box.finance.mood.filters == "all"

    def add(self, kind: Kind = Kind.PERSON, number: str = "", **fields: str) -> FinanceId:
        names = {
            "name": "Name",
            "mobile": "MobileNo",
            "phone": "TelNo",
            "national_id": "NationalCode",
            "address": "Address",
            "description": "Description",
        }
        row = {names[name]: value for name, value in fields.items()}
        organization = kind is Kind.ORGANIZATION
        return FinanceId(str(self.box.finance.add_contact(tmpid=number, TowardType=organization, **row)))


def client(url: str, system: System, **options: Any) -> HttpClient:
    defaults = {"timeout_seconds": 10.0, "limiter": Unlimited(), "observer": Observed()}
    return HttpClient(url, system, **(defaults | options))


def crm_connector(
    box: Sandbox,
    clock: Clock,
    store: InMemorySessions,
    *,
    password: str = CRM_PASSWORD,
    page_size: int = 3,
    **options: Any,
) -> PayamgostarConnector:
    http = client(box.crm_url, System.CRM, **options)
    return PayamgostarConnector(http, store, CRM_USERNAME, password, clock, page_size)


def finance_connector(
    box: Sandbox,
    clock: Clock,
    store: InMemorySessions,
    *,
    password: str = FINANCE_PASSWORD_MD5,
    mapped: int = 0,
    **options: Any,
) -> SiaghConnector:
    async def known() -> int:
        return mapped

    http = client(box.finance_url, System.FINANCE, **options)
    return SiaghConnector(http, store, FINANCE_USERNAME, password, clock, known)


@asynccontextmanager
async def sandbox_crm(mood: CrmMood | None = None, **options: Any) -> AsyncIterator[SandboxCrmRig]:
    clock, store = Clock(), InMemorySessions()
    async with Sandbox(crm_mood=mood, clock=clock, sleep=clock.sleep) as box:
        connector = crm_connector(box, clock, store, **options)
        try:
            yield SandboxCrmRig(box, connector, clock, store)
        finally:
            await connector.aclose()


@asynccontextmanager
async def sandbox_finance(
    mood: FinanceMood | None = None, **options: Any
) -> AsyncIterator[SandboxFinanceRig]:
    clock, store = Clock(), InMemorySessions()
    async with Sandbox(finance_mood=mood, clock=clock, sleep=clock.sleep) as box:
        connector = finance_connector(box, clock, store, **options)
        try:
            yield SandboxFinanceRig(box, connector, clock, store)
        finally:
            await connector.aclose()
