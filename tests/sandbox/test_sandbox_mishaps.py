"""What goes wrong on purpose is the same each time, and nothing else does."""

from hamgam.sandbox import Action, FaultKind, Mishaps, Sandbox


def arranged(box: Sandbox) -> tuple[Action, ...]:
    return Mishaps(box.crm, box.finance, box.faults).arrange()


def test_one_of_each_kind_is_arranged() -> None:
    box = Sandbox()
    box.crm.add_customer("person", nickName="مریم", deliver=False)
    known, double, lost, nothing = arranged(box)
    rows = list(box.finance.contacts.values())
    mobiles = [phone["phoneNumber"] for phone in box.crm.get(known.crm_id)["phoneContacts"]]
    assert [row["MobileNo"] in mobiles for row in rows] == [True, False, False]
    national_code = box.crm.get(double.crm_id)["nationalCode"]
    assert [row["NationalCode"] == national_code for row in rows] == [False, True, True]
    assert lost.entity == "invoice" and lost.crm_id in box.crm.invoices
    assert [fault.kind for fault in box.faults.waiting] == [FaultKind.RESET_AFTER]
    assert box.crm.get(nothing.crm_id)["subject"] and nothing.crm_id not in (known.crm_id, double.crm_id)


def test_they_are_the_same_each_time_and_need_nobody_there() -> None:
    one, other = ([(made.what, made.detail) for made in arranged(Sandbox())] for _ in range(2))
    assert one == other
    assert [what for what, _ in one] == ["customer_added", "customer_added", "invoice_added"]
