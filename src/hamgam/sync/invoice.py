"""One sales invoice or quote, CRM to finance: the customer first, then one pre-invoice for ever."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from hamgam.details import Detail
from hamgam.errors import Conflict, InDoubt, Reason, Refused, SyncError, TryLater
from hamgam.model import (
    ChangeNotice,
    CrmId,
    Entity,
    EntityKey,
    EntityMapping,
    EntityType,
    FinanceId,
    Operation,
    PreInvoice,
    SalesDocument,
    SavedDocument,
    Status,
    Trigger,
)
from hamgam.sync import attempt, preinvoice
from hamgam.sync.attempt import Story, failed_plan, outcome, version
from hamgam.sync.checksum import document_checksum, is_one_version
from hamgam.sync.customer import plan_customer, sync_customer
from hamgam.sync.decide import Ask, Create, DocumentDecision, Skip, Update, decide_document
from hamgam.sync.fields import FieldChange
from hamgam.sync.site import Outcome, Site
from hamgam.trail import attention, log, mapping
from hamgam.trail.finishing import finish
from hamgam.trail.mapping import Binding


async def sync_document(site: Site, notice: ChangeNotice, *, wait: bool = False) -> Outcome:
    """Bring finance to the CRM's present state of one invoice or quote.

    Never raises for what a remote system does. A create whose answer was lost is in doubt and never repeated:
    finance has no way to look for it.
    """
    return await attempt.run(site, notice, _flow, repeatable=False, wait=wait)


async def plan_document(site: Site, notice: ChangeNotice) -> Outcome:
    """What `sync_document` would do now. Reads only, and writes no log."""
    try:
        return await _plan(site, notice)
    except SyncError as error:
        return failed_plan(notice, error)


async def _flow(story: Story) -> Outcome:
    site, notice = story.site, story.notice
    if await _in_doubt(story):
        return await _skip(story, None, Reason.IN_DOUBT)
    document = await site.crm.document(notice.key.crm_id, notice.key.entity)
    if document is None:
        return await _skip(story, None, Reason.DELETED_IN_CRM if story.known else Reason.NOT_IN_CRM)
    story.source = _source(document)
    customer = await _customer(story, document)
    checksum = document_checksum(document, customer)
    story.source = _source(document) | {"checksum": checksum}
    match decide_document(checksum, story.known, site.rules.on_invoice_update):
        case Skip(reason):
            return await _skip(story, document, reason)
        case Ask() as ask:
            raise story.conflict(ask)
        case decision:
            ready = preinvoice.build(document, customer, site.rules.codes)
            saved = await _save(story, document.number, decision, ready, checksum)
            return await _bind(story, document, checksum, ready, saved)


async def _in_doubt(story: Story) -> bool:
    """Whether an earlier create waits for a person. Raises `InDoubt` for one that is found just now."""
    left = story.attempt.intent
    if story.known is None and left is not None:
        story.operation, story.after = left.operation, left.document
        raise InDoubt(Reason.ANSWER_LOST, Detail.DOCUMENT_LOST())
    return story.known is None and await attention.in_doubt(story.site.db, story.notice.key)


async def _customer(story: Story, document: SalesDocument) -> FinanceId:
    """The customer's finance code; a customer who is not in finance yet is synchronised first."""
    if document.customer_id is None:
        raise Refused(Reason.UNUSABLE_RECORD, Detail.NO_CUSTOMER())
    known = await _mapped(story.site, document.customer_id)
    if known is None:
        notice = ChangeNotice(
            key=EntityKey(Entity.CUSTOMER, document.customer_id),
            trigger=story.notice.trigger,
            payload={"needed by": str(story.notice.key)},
        )
        story.place.leave()
        result = await sync_customer(story.site, notice, wait=True)
        await story.place.take()
        known = await _mapped(story.site, document.customer_id)
        if known is None:
            raise _not_ready(story.site, document.customer_id, result)
    return known.finance_id


async def _mapped(site: Site, customer: CrmId) -> EntityMapping | None:
    return await mapping.by_crm_id(site.db, EntityType.CUSTOMER, customer)


def _not_ready(site: Site, customer: CrmId, result: Outcome) -> SyncError:
    """A document is looked at again when its customer is, and pays with a retry when its customer does."""
    detail = Detail.CUSTOMER(customer, result.status, reason=result.reason or "", rest=result.message)
    if result.again_at is not None:
        wait = (result.again_at - site.clock()).total_seconds()
        free = not result.counts
        return TryLater(Reason.CUSTOMER_FAILED, detail, retry_after_seconds=wait, system_wide=free)
    return Refused(Reason.CUSTOMER_FAILED, detail)


async def _save(
    story: Story, number: str, decision: DocumentDecision, ready: PreInvoice, checksum: str
) -> SavedDocument:
    sent = story.after = _written(ready)
    transaction_id = story.attempt.transaction_id
    if isinstance(decision, Update):
        async with story.writing(Operation.UPDATE, {}, number, checksum=checksum, document=sent):
            saved = await story.site.finance.update_document(
                decision.finance_id, ready, transaction_id=transaction_id
            )
        if saved.key != decision.finance_id:
            raise Conflict(Reason.OTHER_CODE, Detail.OTHER_CODE(decision.finance_id, saved.key))
    else:
        async with story.writing(Operation.CREATE, {}, number, checksum=checksum, document=sent):
            saved = await story.site.finance.create_document(ready, transaction_id=transaction_id)
    return saved


async def _bind(
    story: Story, document: SalesDocument, checksum: str, ready: PreInvoice, saved: SavedDocument
) -> Outcome:
    story.place.leave()
    story.finance_id = saved.key
    story.after = _written(ready) | {"number": saved.number}
    remark = preinvoice.total_remark(document, ready, saved)
    ending = story.ending(Status.SUCCESS, Reason.TOTAL_MISMATCH if remark else None, remark)
    binding = Binding(
        entity=document.entity,
        crm_id=document.id,
        finance_id=saved.key,
        transaction_id=story.attempt.transaction_id,
        at=story.site.clock(),
        crm_checksum=checksum,
        finance_checksum=None,
        crm_updated_at=_seen_version(document),
    )
    try:
        await finish(story.site.db, story.attempt, binding, ending, story.site.clock())
    except (IntegrityError, LookupError):
        raise Conflict(Reason.MATCH_TAKEN, str(saved.key)) from None
    return outcome(story, ending, changes=_changes(ready))


def _seen_version(document: SalesDocument) -> datetime | None:
    """None where the document may have been saved again within its second: the next poll looks once more."""
    at = document.modified_at
    return at if at is not None and is_one_version(at) else None


async def _skip(story: Story, document: SalesDocument | None, reason: Reason) -> Outcome:
    ending = story.ending(Status.SKIPPED, reason)
    async with story.site.db.transaction() as connection:
        if story.known and document:
            await mapping.note_seen(connection, story.known.id, document.modified_at)
        await log.close(connection, story.attempt, ending, story.site.clock())
    return outcome(story, ending)


async def _plan(site: Site, notice: ChangeNotice) -> Outcome:
    """A decision in the words of an outcome: PENDING stands for a write that would be made."""
    document = await site.crm.document(notice.key.crm_id, notice.key.entity)
    if document is None:
        return Outcome(key=notice.key, status=Status.SKIPPED, reason=Reason.NOT_IN_CRM)
    customer = await _planned_customer(site, document)
    known = await mapping.by_crm_id(site.db, EntityType.PREINVOICE, notice.key.crm_id)
    ready = preinvoice.build(document, customer, site.rules.codes)
    done = Outcome(key=notice.key, status=Status.PENDING, changes=_changes(ready))
    match decide_document(document_checksum(document, customer), known, site.rules.on_invoice_update):
        case Skip(reason):
            return Outcome(key=notice.key, status=Status.SKIPPED, reason=reason)
        case Ask(reason, keys):
            return Outcome(key=notice.key, status=Status.CONFLICT, reason=reason, message=", ".join(keys))
        case Update(code):
            return replace(done, operation=Operation.UPDATE, finance_id=code)
        case Create():
            return replace(done, operation=Operation.CREATE)


async def _planned_customer(site: Site, document: SalesDocument) -> FinanceId:
    """The customer's code, or a stand-in where the customer would be created first."""
    if document.customer_id is None:
        raise Refused(Reason.UNUSABLE_RECORD, Detail.NO_CUSTOMER())
    known = await _mapped(site, document.customer_id)
    if known is not None:
        return known.finance_id
    key = EntityKey(Entity.CUSTOMER, document.customer_id)
    planned = await plan_customer(site, ChangeNotice(key=key, trigger=Trigger.MANUAL))
    if planned.status is not Status.PENDING:
        raise Refused(Reason.CUSTOMER_FAILED, Detail.CAUSE(reason=str(planned.reason), rest=planned.message))
    return planned.finance_id or FinanceId("new")


def _source(document: SalesDocument) -> dict[str, Any]:
    return {
        "number": document.number,
        "subject": document.subject,
        "customerId": document.customer_id,
        "type": document.type_code,
        "finalValue": None if document.final_value is None else f"{document.final_value:f}",
        "lines": len(document.lines),
        log.MODIFIED_AT: version(document.modified_at),
    }


def _written(ready: PreInvoice) -> dict[str, Any]:
    return {
        "customer": ready.customer_code,
        "saleModel": ready.sale_model,
        "title": ready.title,
        "net": f"{ready.net:f}",
        "lines": [
            {
                "product": line.product_code,
                "unit": line.unit,
                "quantity": f"{line.quantity:f}",
                "price": f"{line.unit_price:f}",
                "discount": f"{line.discount:f}",
            }
            for line in ready.lines
        ],
    }


def _changes(ready: PreInvoice) -> tuple[FieldChange, ...]:
    return (
        FieldChange("customer", None, ready.customer_code),
        FieldChange("lines", None, str(len(ready.lines))),
        FieldChange("net", None, f"{ready.net:f}"),
    )
