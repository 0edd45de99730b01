"""What one entity needs, as a pure choice from what was seen on both sides."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hamgam.errors import Reason
from hamgam.model import ChangeNotice, CrmCustomer, EntityMapping, FinanceContact, FinanceId, Kind, Trigger
from hamgam.sync.match import Match, NoMatch, OneMatch, Unclear

AFTER = "after"
"""In the payload of a notice of our own: why the look before it was not enough."""
DELETED = "deleted"
"""Stands in for the CRM checksum of a customer whose deletion was carried out."""


class DeletePolicy(StrEnum):
    IGNORE = "ignore"
    DEACTIVATE = "deactivate"


class InvoiceUpdatePolicy(StrEnum):
    EDIT = "edit"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Skip:
    reason: Reason


@dataclass(frozen=True, slots=True)
class Wait:
    """Too soon after the last write; look again when the gate opens."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Create:
    pass


@dataclass(frozen=True, slots=True)
class Update:
    finance_id: FinanceId


@dataclass(frozen=True, slots=True)
class Link:
    contact: FinanceContact


@dataclass(frozen=True, slots=True)
class Deactivate:
    finance_id: FinanceId


@dataclass(frozen=True, slots=True)
class Ask:
    """Write nothing; a person decides."""

    reason: Reason
    finance_ids: tuple[FinanceId, ...]


CustomerDecision = Skip | Create | Update | Link | Deactivate | Ask
DocumentDecision = Skip | Create | Update | Ask


def before_reading(
    notice: ChangeNotice, mapping: EntityMapping | None, now: datetime, gate_seconds: float
) -> Skip | Wait | None:
    """The two loop checks that need no remote call: our own transaction, then the time gate."""
    if mapping is None:
        return None
    if notice.transaction_id is not None and notice.transaction_id == mapping.transaction_id:
        return Skip(Reason.OWN_TRANSACTION)
    if notice.trigger in (Trigger.MANUAL, Trigger.RECONCILE) or mapping.last_sync_at is None:
        return None
    opens = mapping.last_sync_at + timedelta(seconds=gate_seconds)
    return Wait(opens) if mapping.last_sync_at <= now < opens else None


def may_come_early(notice: ChangeNotice) -> bool:
    """Whether the change may not be readable yet; a look that follows on another comes late enough."""
    return notice.trigger is Trigger.WEBHOOK and AFTER not in notice.payload


def look_again(notice: ChangeNotice, reason: Reason | None, polls: bool) -> bool:
    """Whether a notice that led to nothing deserves one later look.

    An entity that could not be found is looked at again; one that seems unchanged only where no poll would
    find the change.
    """
    unseen = reason in (Reason.NOT_IN_CRM, Reason.DELETED_IN_CRM)
    return may_come_early(notice) and (unseen or (reason is Reason.CHECKSUM_MATCH and not polls))


def decide_customer(
    customer: CrmCustomer | None,
    checksum: str,
    mapping: EntityMapping | None,
    match: Match,
    on_delete: DeletePolicy,
) -> CustomerDecision:
    """Choose what one customer needs. The CRM's state decides; finance's own edits never do.

    Our own write comes back as a change too: its checksum then equals the stored one and nothing is done.
    """
    if customer is None:
        return _gone(mapping, on_delete)
    if mapping is not None:
        return _mapped_customer(customer.kind, checksum, mapping)
    match match:
        case OneMatch(contact):
            return Link(contact)
        case Unclear(reason, codes):
            return Ask(reason, codes)
        case NoMatch():
            return Create()


def decide_document(
    checksum: str, mapping: EntityMapping | None, on_update: InvoiceUpdatePolicy
) -> DocumentDecision:
    """Choose what one sales document needs: it is created once, and changed by policy."""
    if mapping is None:
        return Create()
    decision = _mapped(checksum, mapping)
    if isinstance(decision, Update) and on_update is InvoiceUpdatePolicy.REVIEW:
        return Ask(Reason.REVIEW_REQUIRED, (mapping.finance_id,))
    return decision


def _mapped_customer(kind: Kind, checksum: str, mapping: EntityMapping) -> Skip | Update | Ask:
    """An import knows numbers only, so its link may join an organization to a person."""
    decision = _mapped(checksum, mapping)
    if isinstance(decision, Update) and mapping.kind not in (None, kind):
        return Ask(Reason.KIND_MISMATCH, (mapping.finance_id,))
    return decision


def _mapped(checksum: str, mapping: EntityMapping) -> Skip | Update | Ask:
    if checksum == mapping.crm_checksum:
        return Skip(Reason.CHECKSUM_MATCH)
    if mapping.blocked:
        return Ask(Reason.OTHER_CODE, (mapping.finance_id,))
    return Update(mapping.finance_id)


def _gone(mapping: EntityMapping | None, on_delete: DeletePolicy) -> Skip | Deactivate | Ask:
    if mapping is None:
        return Skip(Reason.NOT_IN_CRM)
    if on_delete is DeletePolicy.IGNORE or mapping.crm_checksum == DELETED:
        return Skip(Reason.DELETED_IN_CRM)
    if mapping.blocked:
        return Ask(Reason.OTHER_CODE, (mapping.finance_id,))
    return Deactivate(mapping.finance_id)
