"""The words of the pages, in Persian and English, and how numbers and times are written in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hamgam.errors import Reason
from hamgam.persian import TEHRAN, jalali_date, to_persian_digits
from hamgam.reasons import SENTENCES

Lang = Literal["fa", "en"]

_FA = {
    "title": "همگام",
    "tagline": "هماهنگی CRM با سیستم مالی",
    "other_language": "English",
    "api": "راهنمای API",
    "crm": "CRM پیام‌گستر",
    "finance": "سیستم مالی سیاق",
    "state.ok": "برقرار",
    "state.unknown": "هنوز تماسی نبوده",
    "last_contact": "آخرین پاسخ",
    "never": "هنوز هیچ",
    "customers": "مشتری پیوندخورده",
    "preinvoices": "پیش‌فاکتور ثبت‌شده",
    "queue": "در صف",
    "queue.note": "قدیمی‌ترین: {} ثانیه",
    "queue.empty": "صف خالی است",
    "attention": "نیازمند رسیدگی",
    "attention.none": "همه چیز روبه‌راه است",
    "attention.some": "یک نفر باید تصمیم بگیرد",
    "last_poll": "آخرین بررسی دوره‌ای",
    "poll.cursor": "تغییرات CRM تا",
    "poll.held": "متوقف: {} تغییر مشکوک",
    "today": "همگام‌سازی‌های امروز",
    "today.none": "امروز هنوز چیزی همگام نشده است.",
    "recent": "آخرین همگام‌سازی‌ها",
    "recent.none": "هنوز چیزی همگام نشده است. نخستین تغییر همین‌جا دیده می‌شود.",
    "time": "زمان",
    "record": "مورد",
    "operation": "کار",
    "outcome": "نتیجه",
    "trigger": "علت",
    "crm_id": "شناسه CRM",
    "finance_id": "کد مالی",
    "person": "شخص",
    "organization": "سازمان",
    "CUSTOMER": "مشتری",
    "PREINVOICE": "پیش‌فاکتور",
    "CREATE": "ایجاد",
    "UPDATE": "به‌روزرسانی",
    "LINK": "پیوند",
    "NONE": "—",
    "PENDING": "در انتظار",
    "IN_PROGRESS": "در حال انجام",
    "SUCCESS": "موفق",
    "FAILED": "ناموفق",
    "SKIPPED": "بدون اقدام",
    "CONFLICT": "تعارض",
    "IN_DOUBT": "نامعلوم",
    "WEBHOOK": "وب‌هوک",
    "POLL": "بررسی دوره‌ای",
    "MANUAL": "دستی",
    "IMPORT": "ورود اولیه",
    "RECONCILE": "تطبیق",
    "updated": "به‌روز شد",
    "stale": "ارتباط با سرویس قطع است؛ آنچه می‌بینید تازه نیست.",
    "gone": "پایگاه داده پاسخ نمی‌دهد",
    "gone.note": "تا بازگشت آن چیزی همگام نمی‌شود. این صفحه خودش دوباره تلاش می‌کند.",
    "clock": "زمان‌ها به وقت تهران است",
    "unit.thousands": "٬",
}
_EN = {
    "title": "Hamgam",
    "tagline": "Keeps finance in step with the CRM",
    "other_language": "فارسی",
    "api": "API",
    "crm": "Payamgostar CRM",
    "finance": "Siagh finance",
    "state.ok": "Connected",
    "state.unknown": "Not contacted yet",
    "last_contact": "Last answer",
    "never": "never",
    "customers": "Customers linked",
    "preinvoices": "Pre-invoices written",
    "queue": "In the queue",
    "queue.note": "oldest: {} s",
    "queue.empty": "nothing waits",
    "attention": "Needs attention",
    "attention.none": "all is well",
    "attention.some": "a person has to decide",
    "last_poll": "Last poll",
    "poll.cursor": "CRM changes up to",
    "poll.held": "held back: {} suspicious changes",
    "today": "Syncs today",
    "today.none": "Nothing has been synchronised today.",
    "recent": "Latest syncs",
    "recent.none": "Nothing has been synchronised yet. The first change shows up here.",
    "time": "Time",
    "record": "Record",
    "operation": "Operation",
    "outcome": "Outcome",
    "trigger": "Trigger",
    "crm_id": "CRM id",
    "finance_id": "Finance id",
    "person": "person",
    "organization": "organization",
    "CUSTOMER": "Customer",
    "PREINVOICE": "Pre-invoice",
    "CREATE": "Create",
    "UPDATE": "Update",
    "LINK": "Link",
    "NONE": "—",
    "PENDING": "Pending",
    "IN_PROGRESS": "In progress",
    "SUCCESS": "Success",
    "FAILED": "Failed",
    "SKIPPED": "Skipped",
    "CONFLICT": "Conflict",
    "IN_DOUBT": "In doubt",
    "WEBHOOK": "Webhook",
    "POLL": "Poll",
    "MANUAL": "Manual",
    "IMPORT": "Import",
    "RECONCILE": "Reconcile",
    "updated": "updated",
    "stale": "The service does not answer; what you see is not fresh.",
    "gone": "The database does not answer",
    "gone.note": "Nothing is synchronised until it is back. This page tries again by itself.",
    "clock": "Times are Tehran time",
    "unit.thousands": ",",
}
WORDS: Mapping[Lang, Mapping[str, str]] = {"fa": _FA, "en": _EN}


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes for readers of one language."""

    lang: Lang

    @property
    def direction(self) -> str:
        return "rtl" if self.lang == "fa" else "ltr"

    def word(self, key: str, *values: float) -> str:
        """The word for a key; a status of a newer program, left in the log, stands for itself."""
        written = WORDS[self.lang].get(key)
        return key if written is None else written.format(*map(self.number, values))

    def digits(self, text: str) -> str:
        return to_persian_digits(text) if self.lang == "fa" else text

    def number(self, value: float) -> str:
        return self.digits(f"{round(value):,}".replace(",", self.word("unit.thousands")))

    def day(self, moment: datetime) -> str:
        """The day in Tehran, by the calendar of the language."""
        return self.digits(jalali_date(moment) if self.lang == "fa" else f"{_tehran(moment):%Y-%m-%d}")

    def clock(self, moment: datetime) -> str:
        return self.digits(f"{_tehran(moment):%H:%M:%S}")

    def reason(self, code: str) -> str:
        """The sentence of a reason code; a code of a newer program, left in the log, stands for itself."""
        try:
            sentence = SENTENCES[Reason(code)]
        except (KeyError, ValueError):
            return code
        return sentence.fa if self.lang == "fa" else sentence.en

    def next_step(self, code: str) -> str:
        try:
            sentence = SENTENCES[Reason(code)]
        except (KeyError, ValueError):
            return ""
        return sentence.next_step_fa if self.lang == "fa" else sentence.next_step_en


def _tehran(moment: datetime) -> datetime:
    return moment.astimezone(TEHRAN)


def chosen(wanted: str | None, remembered: str | None, accepted: str) -> Lang:
    """The language of a page: asked for, else remembered, else what the browser prefers, else Persian."""
    for said in (wanted, remembered):
        if said == "fa":
            return "fa"
        if said == "en":
            return "en"
    return _preferred(accepted)


def _preferred(accepted: str) -> Lang:
    """The better liked of our languages in an `Accept-Language` header."""
    liked = {"fa": 0.0, "en": 0.0}
    for part in accepted.split(","):
        name, _, quality = part.strip().lower().partition(";q=")
        lang = name.partition("-")[0]
        if lang in liked:
            liked[lang] = max(liked[lang], _quality(quality))
    return "en" if liked["en"] > liked["fa"] else "fa"


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
