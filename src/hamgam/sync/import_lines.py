"""The report of an import: one line for each contact of finance."""

from dataclasses import dataclass

from hamgam.errors import Reason
from hamgam.model import CrmId, FinanceContact, FinanceId, Operation, Status
from hamgam.sync.fields import FieldChange
from hamgam.sync.import_plan import Planned
from hamgam.trail.import_plans import PlannedContact
from hamgam.trail.imports import ImportRecord, ImportRecordEnd


@dataclass(frozen=True, slots=True)
class Line:
    """One contact in the report of a run."""

    finance_id: FinanceId
    crm_id: CrmId | None
    outcome: str
    """created, linked, skipped or failed."""
    reason: Reason | None
    changes: tuple[FieldChange, ...] = ()
    """In a dry run: what would be written."""


def would_be(planned: Planned) -> Line:
    names = {Operation.CREATE: "created", Operation.LINK: "linked"}
    chosen = planned.plan
    outcome = names.get(chosen.operation, "skipped" if chosen.crm_id is None else "failed")
    return Line(planned.contact.code, chosen.crm_id, outcome, chosen.reason, _new_values(planned))


def kept_contact(position: int, contact: FinanceContact, line: Line) -> PlannedContact:
    return PlannedContact(
        position=position,
        code=contact.code,
        name=contact.fields.get("name", ""),
        kind=contact.kind,
        outcome=line.outcome,
        reason=line.reason,
        customer=line.crm_id,
    )


def _new_values(planned: Planned) -> tuple[FieldChange, ...]:
    if planned.plan.operation is not Operation.CREATE:
        return ()
    number = FieldChange("number", None, planned.plan.number)
    fields = planned.contact.fields.items()
    return (number, *(FieldChange(name, None, value) for name, value in fields if value))


def line_of(record: ImportRecord) -> Line:
    outcome = _outcome(record.status, record.operation)
    return Line(record.finance_id, record.crm_id, outcome, record.reason)


def ended_before(code: FinanceId, ended: ImportRecordEnd) -> Line:
    return Line(code, ended.crm_id, _outcome(ended.status, ended.operation), ended.reason)


def _outcome(status: Status, operation: Operation) -> str:
    names = {Status.SKIPPED: "skipped", Status.FAILED: "failed", Status.CONFLICT: "failed"}
    return names.get(status, "linked" if operation is Operation.LINK else "created")
