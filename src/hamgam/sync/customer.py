"""One customer, CRM to finance: read, decide, match before create, note the intent, write, bind."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from hamgam.details import Detail
from hamgam.errors import Conflict, Reason, Refused, SyncError
from hamgam.model import (
    ChangeNotice,
    CrmCustomer,
    EntityMapping,
    EntityType,
    Fields,
    FinanceContact,
    FinanceId,
    Kind,
    Operation,
    Status,
)
from hamgam.sync import attempt
from hamgam.sync.attempt import Story, failed_plan, outcome, version
from hamgam.sync.checksum import contact_checksum, customer_checksum
from hamgam.sync.decide import (
    DELETED,
    Ask,
    Create,
    CustomerDecision,
    Deactivate,
    Link,
    Skip,
    Update,
    decide_customer,
    may_come_early,
)
from hamgam.sync.fields import FieldChange, differences, restricted
from hamgam.sync.match import Match, NoMatch
from hamgam.sync.recognise import by_code, keys_of, made_before, recognise
from hamgam.sync.site import Outcome, Site
from hamgam.trail import attention, log, mapping
from hamgam.trail.finishing import finish
from hamgam.trail.log import Intent
from hamgam.trail.mapping import Binding


async def sync_customer(site: Site, notice: ChangeNotice, *, wait: bool = False) -> Outcome:
    """Bring finance to the CRM's present state of one customer.

    Never raises for what a remote system does: the outcome says it, and when another look is due.
    """
    return await attempt.run(site, notice, _flow, repeatable=True, wait=wait)


async def plan_customer(site: Site, notice: ChangeNotice) -> Outcome:
    """What `sync_customer` would do now. Reads only, and writes no log."""
    known = await mapping.by_crm_id(site.db, EntityType.CUSTOMER, notice.key.crm_id)
    try:
        customer = await _read(site, notice, known)
        look = await _look(site, customer, known, await attention.lost_write(site.db, notice.key))
    except SyncError as error:
        return failed_plan(notice, error)
    return _planned(site, notice, look)


@dataclass(frozen=True, slots=True)
class _Look:
    """Both sides as they are now, and what follows from it."""

    customer: CrmCustomer | None
    checksum: str
    decision: CustomerDecision
    before: FinanceContact | None = None


async def _flow(story: Story) -> Outcome:
    customer = await _read(story.site, story.notice, story.known)
    if customer is None or story.known is not None:
        return await _bring_in_step(story, customer)
    async with _claimed(story, keys_of(story.site, customer)):
        return await _bring_in_step(story, customer)


async def _bring_in_step(story: Story, customer: CrmCustomer | None) -> Outcome:
    if story.known is None:
        story.lost = story.attempt.intent or await attention.lost_write(story.site.db, story.notice.key)
    look = await _look(story.site, customer, story.known, story.lost)
    _tell(story, look)
    match look.decision:
        case Skip(reason):
            return await _skip(story, look, reason)
        case Ask() as ask:
            raise story.conflict(ask)
        case Deactivate() if may_come_early(story.notice):
            return await _skip(story, look, Reason.DELETED_IN_CRM)
        case Deactivate(code):
            return await _deactivate(story, code)
        case Link(contact):
            async with _claimed(story, [f"contact:{contact.code}"]):
                return await _write_to_nobodys(story, look, contact)
        case decision:
            assert look.customer is not None
            return await _write(story, look, look.customer, decision)


@asynccontextmanager
async def _claimed(story: Story, names: Iterable[str]) -> AsyncIterator[None]:
    """Hold further locks: two CRM customers that are one contact in finance must not meet there unseen.

    In one order everywhere, and never while holding a place that the locks' owner may be waiting for.
    """
    story.place.leave()
    async with AsyncExitStack() as locks:
        for name in sorted(names):
            await locks.enter_async_context(story.site.db.locked(name, wait=True))
        await story.place.take()
        yield


async def _write_to_nobodys(story: Story, look: _Look, contact: FinanceContact) -> Outcome:
    """Whoever had the contact's lock before may have linked it to another customer."""
    assert look.customer is not None
    owners = await mapping.owners(story.site.db, [contact.code])
    if owners.get(contact.code, look.customer.id) != look.customer.id:
        raise Conflict(Reason.MATCH_TAKEN, contact.code)
    return await _write(story, look, look.customer, look.decision)


async def _look(
    site: Site, customer: CrmCustomer | None, known: EntityMapping | None, lost: Intent | None
) -> _Look:
    checksum = customer_checksum(customer.number, customer.fields) if customer else ""
    found: Match = NoMatch()
    if customer is not None and known is None:
        found = await recognise(site, customer, lost)
    decision = decide_customer(customer, checksum, known, found, site.rules.on_delete)
    match decision:
        case Update(code):
            before = await site.finance.customer(code)
        case Link(contact):
            before = contact
        case _:
            before = None
    if customer is not None and known is not None and known.last_sync_at is None:
        decision, before = await _linked_by_hand(site, customer, decision, before)
    return _Look(customer, checksum, decision, before)


async def _linked_by_hand(
    site: Site, customer: CrmCustomer, decision: CustomerDecision, before: FinanceContact | None
) -> tuple[CustomerDecision, FinanceContact | None]:
    """The first look at a contact that a person has chosen is a link: it may hold the CRM's values already.

    So it is read even where finance cannot read a single one. On a build that makes a second contact instead
    of updating, a write that is not needed would make the next one.
    """
    if not isinstance(decision, Update):
        return decision, before
    before = before or await by_code(site, customer, decision.finance_id)
    return (Link(before) if before else decision), before


async def _read(site: Site, notice: ChangeNotice, known: EntityMapping | None) -> CrmCustomer | None:
    """A notice only claims a kind, and an import knows the one that finance says: "not found" is checked."""
    kind = known.kind if known and known.kind else notice.kind
    customer = await site.crm.customer(notice.key.crm_id, kind)
    if customer is None and kind is not None:
        other = Kind.PERSON if kind is Kind.ORGANIZATION else Kind.ORGANIZATION
        customer = await site.crm.customer(notice.key.crm_id, other)
    return customer


def _tell(story: Story, look: _Look) -> None:
    if look.customer is not None:
        story.kind = look.customer.kind
        story.source = {
            "kind": look.customer.kind,
            "number": look.customer.number,
            "fields": dict(look.customer.fields),
            log.MODIFIED_AT: version(look.customer.modified_at),
        }
    if look.before is not None:
        story.before = dict(look.before.fields)


async def _skip(story: Story, look: _Look, reason: Reason) -> Outcome:
    ending = story.ending(Status.SKIPPED, reason)
    async with story.site.db.transaction() as connection:
        if story.known and look.customer:
            await mapping.note_seen(connection, story.known.id, look.customer.modified_at)
        await log.close(connection, story.attempt, ending, story.site.clock())
    return outcome(story, ending)


async def _write(story: Story, look: _Look, customer: CrmCustomer, decision: CustomerDecision) -> Outcome:
    fields = story.site.finance.storable(customer.fields)
    match decision:
        case Create():
            await _create_or_link(story, customer, fields)
        case Link(contact):
            await _link(story, customer, contact, fields)
        case Update(code):
            await _update(story, customer, code, fields)
            if story.known and story.known.last_sync_at is None:
                story.operation = Operation.LINK
    story.after = dict(fields)
    return await _bind(story, look, customer, fields)


async def _create_or_link(story: Story, customer: CrmCustomer, fields: Fields) -> None:
    try:
        story.finance_id = await _create(story, customer, fields)
    except Refused as refusal:
        contact = await made_before(story.site, customer, story.lost, refusal)
        if contact is None:
            raise
        await _link(story, customer, contact, fields)


async def _create(story: Story, customer: CrmCustomer, fields: Fields) -> FinanceId:
    story.operation = Operation.CREATE
    if not fields.get("name"):
        raise Refused(Reason.UNUSABLE_RECORD, Detail.NO_NAME())
    await _not_doubled_before(story)
    async with story.writing(Operation.CREATE, fields, customer.number):
        return await story.site.finance.create_customer(
            customer.kind, customer.number, fields, transaction_id=story.attempt.transaction_id
        )


async def _link(story: Story, customer: CrmCustomer, contact: FinanceContact, fields: Fields) -> None:
    """A contact that holds the CRM's values already is bound without a write."""
    story.operation = Operation.LINK
    story.finance_id = contact.code
    if differences(contact.fields, fields) or _unseen(contact.fields, fields):
        await _not_doubled_before(story)
        await _update(story, customer, contact.code, fields)
        story.operation = Operation.LINK


def _unseen(theirs: Fields, fields: Fields) -> bool:
    """Whether the CRM has a value for a field that this row does not show."""
    return any(value and name not in theirs for name, value in fields.items())


async def _not_doubled_before(story: Story) -> None:
    """Where linking has made a second contact of this customer, nothing is written until a person acts."""
    said = await attention.asks_for_person(story.site.db, story.notice.key, Reason.OTHER_CODE)
    if said is not None:
        raise Conflict(Reason.OTHER_CODE, said)


async def _update(story: Story, customer: CrmCustomer, code: FinanceId, fields: Fields) -> None:
    async with story.writing(Operation.UPDATE, fields, customer.number, finance_id=code):
        story.after = dict(fields)
        _same_code(code, await story.site.finance.update_customer(code, customer.number, fields))


def _same_code(sent: FinanceId, answered: FinanceId) -> None:
    """Some builds make a second contact instead of updating, and answer its code."""
    if answered != sent:
        raise Conflict(Reason.OTHER_CODE, Detail.OTHER_CODE(sent, answered))


async def _deactivate(story: Story, code: FinanceId) -> Outcome:
    known = story.known
    assert known is not None
    async with story.writing(Operation.UPDATE, {"active": "0"}):
        _same_code(code, await story.site.finance.deactivate_customer(code))
    story.after = {"active": "0"}
    ending = story.ending(Status.SUCCESS, Reason.DELETED_IN_CRM)
    binding = _binding(story, DELETED, known.finance_checksum, None)
    await finish(story.site.db, story.attempt, binding, ending, story.site.clock())
    return outcome(story, ending)


async def _bind(story: Story, look: _Look, customer: CrmCustomer, fields: Fields) -> Outcome:
    story.place.leave()
    reason, message = _remark(story, look, customer, fields)
    binding = _binding(story, look.checksum, contact_checksum(fields), customer)
    ending = story.ending(Status.SUCCESS, reason, message)
    try:
        await finish(story.site.db, story.attempt, binding, ending, story.site.clock())
    except (IntegrityError, LookupError):
        raise Conflict(Reason.MATCH_TAKEN, str(story.finance_id)) from None
    ending = await _write_back(story, customer, ending)
    return outcome(story, ending, changes=_changes(look, fields))


def _binding(
    story: Story, checksum: str, finance_checksum: str | None, customer: CrmCustomer | None
) -> Binding:
    known = story.known
    assert story.finance_id is not None
    return Binding(
        entity=story.notice.key.entity,
        crm_id=story.notice.key.crm_id,
        finance_id=story.finance_id,
        kind=customer.kind if customer else known.kind if known else None,
        transaction_id=story.attempt.transaction_id,
        at=story.site.clock(),
        crm_checksum=checksum,
        finance_checksum=finance_checksum,
        crm_updated_at=customer.modified_at if customer else None,
    )


def _remark(story: Story, look: _Look, customer: CrmCustomer, fields: Fields) -> tuple[Reason | None, str]:
    """What a person should know of a sync that succeeded."""
    replaced = [name for name, value in fields.items() if value != customer.fields[name]]
    message = Detail.REPLACED(fields=", ".join(replaced)) if replaced else ""
    if _finance_moved(story.known, look, customer):
        return Reason.CRM_PRIORITY, message
    return (Reason.VALUE_REPLACED if replaced else None), message


def _finance_moved(known: EntityMapping | None, look: _Look, customer: CrmCustomer) -> bool:
    if known is None or known.finance_checksum is None or look.before is None:
        return False
    return contact_checksum(restricted(look.before.fields, customer.fields)) != known.finance_checksum


async def _write_back(story: Story, customer: CrmCustomer, ending: log.Ending) -> log.Ending:
    """Tell the CRM the finance code. The sync has succeeded by now, so a failure is only remarked."""
    code = story.finance_id
    if not story.site.rules.write_back_reference or code is None or customer.reference == code:
        return ending
    try:
        await story.site.crm.set_reference(customer.id, customer.kind, code)
    except SyncError as error:
        ending = replace(
            ending,
            reason=Reason.WRITE_BACK_FAILED,
            message=Detail.CAUSE(reason=error.reason, rest=error.detail),
        )
        await log.remark(story.site.db, story.attempt.log_id, Reason.WRITE_BACK_FAILED, ending.message)
    return ending


def _changes(look: _Look, fields: Fields) -> tuple[FieldChange, ...]:
    if look.before is not None:
        return differences(look.before.fields, fields)
    return tuple(FieldChange(name, None, value) for name, value in fields.items() if value)


def _planned(site: Site, notice: ChangeNotice, look: _Look) -> Outcome:
    """A decision in the words of an outcome: PENDING stands for a write that would be made."""
    fields = site.finance.storable(look.customer.fields) if look.customer else {}
    match look.decision:
        case Skip(reason):
            return Outcome(key=notice.key, status=Status.SKIPPED, reason=reason)
        case Ask(reason, codes):
            return Outcome(key=notice.key, status=Status.CONFLICT, reason=reason, message=", ".join(codes))
        case Create():
            operation, code = Operation.CREATE, None
        case Link(contact):
            operation, code = Operation.LINK, contact.code
        case Update(finance_id) | Deactivate(finance_id):
            operation, code = Operation.UPDATE, finance_id
    return Outcome(
        key=notice.key,
        status=Status.PENDING,
        operation=operation,
        finance_id=code,
        changes=_changes(look, fields),
    )
