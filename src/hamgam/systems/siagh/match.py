"""Which contacts could be a customer. Rows are checked here, since a build may ignore a filter."""

from collections.abc import Iterable

from hamgam.model import CustomerProbe, Fields, FinanceContact
from hamgam.persian import digit_spellings, digits_key, text_key
from hamgam.systems.siagh.fields import BY_NAME, NUMBER_KEY
from hamgam.systems.siagh.forms import wire_text

Filter = tuple[str, object]
"""A row key and the value that it must have."""

BY_NUMBER, BY_CODE, BY_NATIONAL_ID, BY_VALUES = range(4)


def filters(probe: CustomerProbe, *, number_returned: bool) -> list[list[Filter]]:
    """The questions to ask finance about this probe, the most certain first, each in its spellings.

    A filter compares as the database of finance does, and people type digits of three kinds.
    """
    asked: list[list[Filter]] = []
    if probe.number and number_returned:
        asked.append(_spelled(NUMBER_KEY, wire_text(probe.number)))
    if probe.code and probe.code.isdecimal():
        asked.append([("Code", int(probe.code))])
    if probe.national_id:
        asked.append(_spelled("NationalCode", probe.national_id))
    exact = {name: wire_text(value) for name, value in (probe.exact or {}).items()}
    return asked + [[(BY_NAME[name].key, exact[name])] for name in ("mobile", "phone") if exact.get(name)]


def questions(contact: FinanceContact) -> dict[str, object]:
    """Filters that this contact meets, as finance spells its values."""
    asked: dict[str, object] = {}
    if contact.code.isdecimal():
        asked["Code"] = int(contact.code)
    if contact.number:
        asked[NUMBER_KEY] = contact.number
    asked |= {BY_NAME[name].key: contact.fields.get(name) for name in ("mobile", "phone", "national_id")}
    return {key: value for key, value in asked.items() if value}


def _spelled(key: str, value: str) -> list[Filter]:
    return [(key, spelling) for spelling in digit_spellings(value)]


def meets(contact: FinanceContact, wanted: Filter) -> bool:
    """Whether a returned row has the value that was asked for, in any spelling."""
    key, value = wanted
    if key == "Code":
        return contact.code == str(value)
    if key == NUMBER_KEY:
        return text_key(contact.number or "").casefold() == text_key(str(value)).casefold()
    field = next(field for field in BY_NAME.values() if field.key == key)
    return field.compare_as(contact.fields.get(field.name, "")) == field.compare_as(str(value))


def rank(contact: FinanceContact, probe: CustomerProbe) -> int | None:
    """By which of the probe's keys this contact matches, the best key; None: by none."""
    if _same_number(contact, probe.number):
        return BY_NUMBER
    if _same_code(contact, probe):
        return BY_CODE
    national_id = digits_key(probe.national_id)
    if national_id and digits_key(contact.fields.get("national_id", "")) == national_id:
        return BY_NATIONAL_ID
    if probe.exact is not None and same_values(contact.fields, probe.exact):
        return BY_VALUES
    return None


def best_first(contacts: Iterable[FinanceContact], probe: CustomerProbe) -> list[FinanceContact]:
    """The contacts that match, each once, in the order of the keys by which they match."""
    once = {contact.code: contact for contact in contacts}.values()
    ranked = [(rank(contact, probe), contact) for contact in once]
    return [contact for level in range(4) for own, contact in ranked if own == level]


def same_values(theirs: Fields, sent: Fields) -> bool:
    """Whether a row holds the values of a create whose answer was lost.

    A field that the build does not return cannot contradict; the name must be there and be the same.
    """
    compared = [name for name in sent if name in theirs and name in BY_NAME]
    if "name" not in compared:
        return False
    return all(_key(name, theirs[name]) == _key(name, wire_text(sent[name])) for name in compared)


def _key(name: str, value: str) -> str:
    return BY_NAME[name].compare_as(value)


def _same_number(contact: FinanceContact, number: str) -> bool:
    wanted = text_key(wire_text(number))
    return bool(wanted) and contact.number is not None and text_key(contact.number) == wanted


def _same_code(contact: FinanceContact, probe: CustomerProbe) -> bool:
    """The code speaks only where the contact does not carry another CRM number."""
    if probe.code is None or contact.code != probe.code:
        return False
    return not contact.number or _same_number(contact, probe.number)
