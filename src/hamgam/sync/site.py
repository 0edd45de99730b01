"""What a flow works with: both systems, the database, the site's rules, and time and chance as arguments."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hamgam.db.engine import Database
from hamgam.errors import Reason, SyncError, TryLater
from hamgam.model import EntityKey, FinanceId, Operation, Status, System, TransactionId
from hamgam.sync.decide import DeletePolicy, InvoiceUpdatePolicy
from hamgam.sync.fields import FieldChange
from hamgam.sync.match import MatchKey
from hamgam.sync.numbers import NumberRule
from hamgam.systems.breaker import Breaker
from hamgam.systems.ports import CrmConnector, FinanceConnector


@dataclass(frozen=True, slots=True)
class SiteCodes:
    """Codes of the finance installation that a pre-invoice carries."""

    sale_model: int = 1
    """Used when the CRM's document type names none."""
    payment_kind: int = 1
    """1 cash, 2 cheque."""
    sales_center: int = 1
    sale_kind: int = 1
    intermediary: int = 0
    contact: int | None = None
    """None: the contact of the finance session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    gate_seconds: float = 10
    retries_allowed: int = 3
    numbers: NumberRule = field(default_factory=NumberRule)
    match_keys: tuple[MatchKey, ...] = (MatchKey.CUSTOMER_NUMBER, MatchKey.NATIONAL_ID)
    on_delete: DeletePolicy = DeletePolicy.IGNORE
    on_invoice_update: InvoiceUpdatePolicy = InvoiceUpdatePolicy.EDIT
    write_back_reference: bool = False
    codes: SiteCodes = field(default_factory=SiteCodes)
    polls: bool = True
    """Whether what a webhook did not tell is found by polling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    db: Database
    crm: CrmConnector
    finance: FinanceConnector
    rules: Rules
    clock: Callable[[], datetime]
    """Aware UTC."""
    sleep: Callable[[float], Awaitable[None]]
    new_transaction: Callable[[], TransactionId]
    random: Callable[[], float]
    """Uniform in [0, 1)."""
    monotonic: Callable[[], float] = time.monotonic
    places: asyncio.Semaphore | None = None
    """How many syncs may speak to the remote systems side by side; None: any number."""
    breakers: Mapping[System, Breaker] = field(default_factory=dict)

    def outages_over(self) -> Mapping[System, int]:
        """How many outages of each system have ended; an attempt notes it when it begins."""
        return {system: breaker.outages_over for system, breaker in self.breakers.items()}

    async def is_outage(self, error: SyncError, before: Mapping[System, int]) -> bool:
        """Whether a failure comes from a remote system that is or was down, so that it must not count.

        `before` is what `outages_over` said when the attempt began.
        """
        system = error.system
        if system is None or system not in self.breakers:
            return isinstance(error, TryLater) and error.system_wide
        return await self.breakers[system].is_outage(error, before[system])

    async def systems_up(self) -> None:
        """Wait until both remote systems are up."""
        while down := [breaker for breaker in self.breakers.values() if breaker.is_down]:
            await down[0].up()


class Place:
    """One sync's place among those that speak to the remote systems now.

    Nobody waits for an entity's lock while holding one: the lock's owner may be waiting for a place.
    """

    def __init__(self, places: asyncio.Semaphore | None = None) -> None:
        self._places = places
        self._held = False

    async def take(self) -> None:
        if self._places is not None and not self._held:
            await self._places.acquire()
            self._held = True

    def leave(self) -> None:
        if self._places is not None and self._held:
            self._places.release()
            self._held = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one look at one entity ended, or in a dry run what it would do."""

    key: EntityKey
    status: Status
    operation: Operation = Operation.NONE
    reason: Reason | None = None
    message: str = ""
    finance_id: FinanceId | None = None
    changes: tuple[FieldChange, ...] = ()
    again_at: datetime | None = None
    """When another look is due; whoever runs the flow has to schedule it."""
    counts: bool = False
    """Whether this look has used up one of the retries."""
    system: System | None = None
    """The remote system that could not be used, where that is why."""
