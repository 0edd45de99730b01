"""The finance system's state, and what people do in it."""

from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any
from uuid import UUID

from hamgam.sandbox.finance_contacts import ContactBook
from hamgam.sandbox.finance_forms import BusinessError, ContactForm, DocumentForm
from hamgam.sandbox.moods import FinanceMood
from hamgam.sandbox.times import Clock, jalali_date, jalali_year
from hamgam.sandbox.wire import Object

_PERSIAN = str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")


class Finance:
    """The simulated finance system. Rows and documents are to be read; change them by the methods."""

    def __init__(self, mood: FinanceMood, clock: Clock, rng: Random) -> None:
        self.mood = mood
        self.clock = clock
        self._rng = rng
        self.book = ContactBook()
        self.documents: dict[str, Object] = {}
        self.products: set[str] | None = None
        """The product codes that a document may name; None: any."""
        self.fiscal_year_override: int | None = None
        self.logins = 0
        self.failed_logins = 0
        self.session_id: str | None = None
        self._last_key = 15458
        self._last_number = 1000

    @property
    def contacts(self) -> dict[int, Object]:
        """Every contact as GetAll returns it (with `tmpid`, also where the build hides it), by code."""
        return self.book.rows

    @property
    def fiscal_year(self) -> int:
        """The Jalali year that the session works in: today's in Tehran unless overridden."""
        return self.fiscal_year_override or jalali_year(self.clock())

    def new_guid(self) -> UUID:
        return UUID(int=self._rng.getrandbits(128), version=4)

    def add_contact(self, **row: Any) -> int:
        """Add a contact from row keys (`Name`, `MobileNo`, …, also `Code`) and answer its code."""
        return self.book.add(self.new_guid(), jalali_date(self.clock()), row)

    def edit_contact(self, code: int, **row: Any) -> None:
        """Change row keys of a contact. Raises KeyError."""
        self.book.change(code, row)

    def expire_sessions(self) -> None:
        self.session_id = None

    # Saves

    def save_contact(self, form: ContactForm) -> int:
        """Insert or update, and answer the code that was written. Raises BusinessError."""
        if form.code is not None and form.code not in self.contacts:
            raise BusinessError("مخاطب یافت نشد.", "Code")
        if self.mood.name_required and (form.code is None or "Name" in form.values):
            self._require_name(form)
        self._refuse_duplicates(form)
        if form.code is None:
            return self.add_contact(**form.values)
        if self.mood.update_makes_new:
            kept = {name: value for name, value in self.contacts[form.code].items() if name not in _OWN}
            return self.add_contact(**(kept | dict(form.values)))
        self.edit_contact(form.code, **form.values)
        return form.code

    def save_document(self, form: DocumentForm) -> Object:
        """Insert or replace a pre-invoice, and answer it. Raises BusinessError."""
        self._check_document(form)
        if form.key:
            known = self.documents[form.key]
            numbers = {name: known[name] for name in ("key", "number", "params")}
        else:
            self._last_key += 1
            self._last_number += 1
            numbers = {
                "key": str(self._last_key),
                "number": self._last_number,
                "params": str(self._last_key * 3),
            }
        document = numbers | {
            "suid": form.suid,
            "header": dict(form.header),
            "lines": [dict(line) for line in form.lines],
            "net": form.net,
            "total": self._total(form.net),
        }
        self.documents[document["key"]] = document
        return document

    def report(self, document: Object) -> str:
        """What the save says to people: the number, and the net total where this build names it."""
        text = f"سند با شماره {self._figure(document['number'])} ذخیره شد."
        if not self.mood.reports_total:
            return text
        return f"{text} مبلغ خالص {self._figure(document['total'])} ریال"

    def _figure(self, value: Decimal | int) -> str:
        text = f"{value:,f}" if isinstance(value, Decimal) else str(value)
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return text.translate(_PERSIAN) if self.mood.persian_digits else text

    def _total(self, net: Decimal) -> Decimal:
        """The net total with the VAT that this build adds, to four decimals."""
        if not self.mood.adds_vat_percent:
            return net
        vat = net * self.mood.adds_vat_percent / 100
        return net + vat.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    def _require_name(self, form: ContactForm) -> None:
        if not (form.values.get("Name") or "").strip():
            raise BusinessError("نام را وارد کنید.", "fullname")

    def _refuse_duplicates(self, form: ContactForm) -> None:
        if not self.mood.duplicate_phone_refused:
            return
        for key, column, text in _PHONES:
            number = form.values.get(key)
            if number and self.book.holding(key, number) - {form.code}:
                raise BusinessError(text, column)

    def _check_document(self, form: DocumentForm) -> None:
        if form.key and form.key not in self.documents:
            raise BusinessError("سند یافت نشد.", "_In_EditKeys")
        if form.customer_code not in self.contacts:
            raise BusinessError("مشتری یافت نشد.", "codemoshtari")
        if form.fiscal_year != self.fiscal_year:
            raise BusinessError("سال مالی سند با سال مالی جاری برابر نیست.", "salmali")
        for number, line in enumerate(form.lines, start=1):
            if self.products is not None and line["codekala"] not in self.products:
                raise BusinessError(f"کالای ردیف {number} درست وارد نشده است", "codekala")


_OWN = ("Code", "RecordId", "RegDate")
_PHONES = (
    ("TelNo", "telno", "شماره تلفن نمی تواند تکراری باشد."),
    ("MobileNo", "mobileno", "شماره موبایل نمی تواند تکراری باشد."),
)
