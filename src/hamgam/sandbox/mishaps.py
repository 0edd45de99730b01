"""What goes wrong on purpose: one of each kind that a person settles, and a change that leads to nothing.

They are made once, by people and faults whom nothing else resembles, so that they end the same way each time.
"""

from random import Random

from hamgam.sandbox.crm import Crm
from hamgam.sandbox.directory import Directory, Someone
from hamgam.sandbox.faults import Fault, FaultKind, Faults
from hamgam.sandbox.finance import Finance
from hamgam.sandbox.people import Action, customer_fields, document_line

_SEED = 1405
_FIRST_NUMBER = 700_001
"""Customer numbers that no contact of finance stands for."""


class Mishaps:
    """Arranges them in both systems. The pre-invoice whose answer is lost is the next one that is saved."""

    def __init__(self, crm: Crm, finance: Finance, faults: Faults) -> None:
        self._crm, self._finance, self._faults = crm, finance, faults
        self._rng = Random(_SEED)  # noqa: S311
        self._directory = Directory(self._rng)
        self._number = _FIRST_NUMBER

    def arrange(self) -> tuple[Action, ...]:
        """Let them happen, each announced by a webhook as any other change."""
        known = next(iter(self._crm.persons), None)
        made = (self._known_mobile(), self._two_candidates(), self._lost_answer())
        return made if known is None else (*made, self._nothing_mapped(known))

    def _known_mobile(self) -> Action:
        someone = self._directory.person()
        self._finance.add_contact(Name=f"{someone.name} (قدیمی)", MobileNo=someone.mobile)
        return self._added(someone, "موبایلش در سیستم مالی تکراری است")

    def _two_candidates(self) -> Action:
        someone = self._directory.person()
        for address in (someone.address, self._directory.person().address):
            self._finance.add_contact(
                Name=someone.name, NationalCode=someone.national_code, Address=address, TowardType=False
            )
        return self._added(someone, "کد ملی‌اش در سیستم مالی دو بار هست")

    def _lost_answer(self) -> Action:
        someone = self._directory.person()
        self._faults.add(Fault(FaultKind.RESET_AFTER, system="finance", operation="SaveFormData:43D81"))
        customer = self._add(someone)
        subject = f"فاکتور {someone.name}"
        crm_id = self._crm.add_document("invoice", customer, [document_line(self._rng)], subject=subject)
        return Action("invoice_added", "invoice", crm_id, f"{subject}: پاسخ سیستم مالی گم می‌شود")

    def _nothing_mapped(self, crm_id: str) -> Action:
        self._crm.edit(crm_id, subject="مشتری قدیمی")
        name = self._crm.get(crm_id)["nickName"]
        return Action("subject_changed", "customer", crm_id, f"عنوان {name}: فیلدی که همگام نمی‌شود")

    def _added(self, someone: Someone, why: str) -> Action:
        return Action("customer_added", "customer", self._add(someone), f"مشتری تازه: {someone.name}، {why}")

    def _add(self, someone: Someone) -> str:
        number, self._number = self._number, self._number + 1
        return self._crm.add_customer("person", customerNumber=str(number), **customer_fields(someone))
