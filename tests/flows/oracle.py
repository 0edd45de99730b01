"""What must be true when the engine rests, whatever happened before. Knows little of how the engine works."""

import re
from collections import Counter, defaultdict
from typing import Any

from hamgam.sandbox.wire import Object
from hamgam.sync.decide import DeletePolicy
from tests.flows.town import FIELDS, Books, Thing, Town, crm_value

_ATTENTION = ("FAILED", "CONFLICT", "IN_DOUBT")
_MAYBE_DONE = {"reset_before", "reset_after", "timeout", "broken_body", "html_body"}


class Oracle:
    """Judges one town at rest."""

    def __init__(self, town: Town, log: list[Any], mappings: list[Any]) -> None:
        assert isinstance(town.books, Books)
        self._town = town
        self._books: Books = town.books
        self._crm = town.crm
        self._log = log
        self._mapped = {row.crmId: row for row in mappings}
        self._asked = {row.sourceEntityId for row in log if row.status in _ATTENTION and not row.resolvedAt}

    def judge(self, polled: bool, on_delete: DeletePolicy) -> None:
        self._no_open_end()
        self._nothing_twice()
        for thing in self._town.things.values():
            if not thing.deleted and (polled or thing.known):
                self._in_step(thing)
        for thing in self._town.things.values():
            if thing.deleted and thing.known and on_delete is DeletePolicy.DEACTIVATE:
                self._inactive(thing)
        self._nothing_invented()
        self._desks_untouched()

    def _no_open_end(self) -> None:
        for row in self._log:
            assert row.status not in ("PENDING", "IN_PROGRESS"), f"open at rest: {row}"
            assert row.reason != "INTERNAL", f"a defect: {row}"

    def _nothing_twice(self) -> None:
        contacts = Counter(_owner(name) for name in self._books.made)
        assert max(contacts.values(), default=0) <= 1, f"contacts made twice: {self._books.made}"
        documents = Counter(_owner(name) for name in self._books.documents_made)
        assert max(documents.values(), default=0) <= 1, f"documents made twice: {documents}"
        self._doubled_by_the_build()
        self._no_document_sent_twice()
        customers = (self._crm.persons | self._crm.organizations).values()
        imported = Counter(_owner(row["nickName"]) for row in customers if row["nickName"].startswith("f"))
        for name in self._books.doubled:
            imported.pop(_owner(name), None)  # an import cannot tell what the build has doubled from a person
        assert max(imported.values(), default=0) <= 1, f"customers made twice: {imported}"

    def _doubled_by_the_build(self) -> None:
        """It is shown, or the answer that told of it was lost and a person is asked about that."""
        seen = any(row.reason == "OTHER_CODE" for row in self._log)
        for name in self._books.doubled:
            owners = [t for t in self._town.things.values() if name in t.typed.get("nickName", ())]
            asked = any(thing.deleted or thing.crm_id in self._asked for thing in owners)
            assert seen or asked, f"{name} was doubled unseen"

    def _no_document_sent_twice(self) -> None:
        sent: Counter[str] = Counter(_owner(name) for name in self._books.documents_made)
        for entry in self._town.stage.box.journal.entries:
            form = entry.body if isinstance(entry.body, dict) else {}
            if form.get("formId") != "43D81" or not form["parameters"].startswith("_In_EditKeys=|"):
                continue
            undone = entry.fault in _MAYBE_DONE or (entry.fault == "status" and entry.status == 500)
            title = _title(form["ctrlValues"])
            if undone and _owner(title) not in {_owner(name) for name in self._books.documents_made}:
                sent[_owner(title)] += 1
        assert max(sent.values(), default=0) <= 1, f"documents sent again: {sent}"

    def _in_step(self, thing: Thing) -> None:
        """In step, or a person is asked."""
        if thing.crm_id in self._asked:
            return
        mapping = self._mapped.get(thing.crm_id)
        assert mapping is not None, f"never arrived and nobody is asked: {thing}"
        if mapping.lastSyncSource == "FINANCE" and mapping.crmChecksum is None:
            return  # linked by the import: brought in step by the next change
        check = self._same_document if "subject" in thing.typed else self._same_customer
        check(self._crm.get(thing.crm_id), mapping)

    def _same_customer(self, theirs: Object, mapping: Any) -> None:
        code = int(mapping.financeId)
        contact = self._books.contacts[code]
        for ours, key in FIELDS.items():
            if key not in self._books.typed[code]:
                expected, found = crm_value(theirs, ours), contact[key] or ""
                assert found == expected, f"{key} of {code} is {found!r}, the CRM has {expected!r}"

    def _same_document(self, theirs: Object, mapping: Any) -> None:
        document = self._books.documents[mapping.financeId]
        lines = [(line["codekala"], line["qty"], line["price"]) for line in document["lines"]]
        wanted = [(line["productCode"], line["count"], line["baseUnitPrice"]) for line in theirs["details"]]
        assert lines == wanted, f"{mapping.financeId} has {lines}, the CRM has {wanted}"
        customer = self._mapped[theirs["identityId"]]
        assert document["header"]["codemoshtari"] == customer.financeId

    def _inactive(self, thing: Thing) -> None:
        mapping = self._mapped.get(thing.crm_id)
        if mapping is None or thing.crm_id in self._asked or "subject" in thing.typed:
            return
        assert self._books.contacts[int(mapping.financeId)]["IsActive"] is False, f"still active: {thing}"

    def _nothing_invented(self) -> None:
        """A mapped contact holds only what was typed for it: in the CRM, or at finance's own desk."""
        typed: dict[str, dict[str, set[str]]] = {}
        for thing in self._town.things.values():
            for owner in {_owner(name) for name in thing.typed.get("nickName", ())}:
                known = typed.setdefault(owner, defaultdict(set))
                for ours, values in thing.typed.items():
                    known[ours] |= values
        for contact in self._books.contacts.values():
            history = typed.get(_owner(contact["Name"]))
            if history is None:
                continue  # nobody has ever named it in the CRM: a contact of finance's own
            for ours, key in FIELDS.items():
                allowed = history.get(ours, set()) | {"", *self._books.written_at_desk[contact["Code"]]}
                assert (contact[key] or "") in allowed, f"nobody typed {contact[key]!r} for {contact['Name']}"

    def _desks_untouched(self) -> None:
        for code, kept in self._books.desk.items():
            contact = self._books.contacts[code]
            found = {key: contact[key] for key in kept}
            assert found == kept, f"the engine has overwritten {kept} of {code} with {found}"


def _owner(name: str) -> str:
    """Names here are `<who>` or `<who>.<version>`."""
    return name.partition(".")[0]


def _title(ctrl_values: str) -> str:
    found = re.search(r"namenoesanad=([^|]*)", ctrl_values)
    return found[1] if found else ""
