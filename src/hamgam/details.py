"""What the engine itself adds to a reason code: which address, which line of a document, what of an answer.

The log keeps the English text, for people read it there with SQL, in exports and by the API. Pages find it
here again and write it in their own language; what is not found is the remote system's own text.
"""

import re
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from string import Formatter
from typing import NamedTuple

from hamgam.errors import Reason

_VALUE = {
    "": r"(\S+)",
    "reason": f"({'|'.join(Reason)})",
    "fields": r"([a-z_]+(?:, [a-z_]+)*)",
    "amount": r"(\S+)",
    "against": r"(\S+)",
    "rest": r"(.*)",
}
"""What may stand for `{}`, for a reason code, for names of fields, for an amount and one to compare it with,
and for a text from elsewhere."""
AMOUNTS = ("amount", "against")
BETWEEN = "; "
"""Where a message says two things."""


class Detail(Enum):
    """A text in English and Persian; both name the same values in the same order."""

    NO_SUCH_ADDRESS = "no such address can exist", "چنین نشانی‌ای نمی‌تواند وجود داشته باشد"
    NOT_ENCRYPTED = (
        "the encrypted connection failed, or its certificate is not trusted",
        "ارتباط امن برقرار نشد یا گواهی آن معتبر نیست",
    )
    UNKNOWN_NAME = "no machine is known by the name in the address", "نام سرور در این نشانی شناخته نشد"
    NO_PROXY = "the proxy did not make the connection", "پروکسی ارتباط را برقرار نکرد"
    NOT_CONNECTED = "the connection could not be made", "ارتباط برقرار نشد"
    NO_ANSWER = "no answer came in time", "پاسخی به‌موقع نرسید"
    ANSWER_BROKE_OFF = "the answer broke off, or is no HTTP", "پاسخ ناتمام ماند یا پاسخ HTTP نبود"
    CONNECTION_BROKE_OFF = "the connection broke off", "ارتباط قطع شد"
    STATUS = "status {}", "کد وضعیت {}"
    A_WEB_PAGE = "a web page answers the login", "به جای پاسخ ورود، یک صفحهٔ وب آمد"
    NO_LOGIN = "no login at this address", "در این نشانی نمی‌توان وارد شد"
    TOO_LONG = "the answer is larger than 16 MiB", "پاسخ بزرگ‌تر از ۱۶ مگابایت است"
    HALF_A_PAIR = "half of a character pair", "متن یک نویسهٔ ناقص دارد"
    NO_SESSION = "the answer names no session", "در پاسخ، نشستی نیامده است"
    NO_CODE = "the answer names no code", "در پاسخ، کدی نیامده است"
    NO_KEY = "the answer names no key", "در پاسخ، کلیدی نیامده است"
    NO_ID = "the answer names no id", "در پاسخ، شناسه‌ای نیامده است"
    OTHER_ID = "the answer is about another id", "پاسخ دربارهٔ شناسهٔ دیگری است"
    NO_ATTRIBUTE = "the login does not name {}", "در پاسخ ورود، {} نیامده است"
    NO_EXPIRY = "expiresAt is no date", "مقدار expiresAt تاریخ نیست"
    NO_DATE = "a date that is none", "یکی از تاریخ‌ها خوانده نمی‌شود"
    CALL_UNKNOWN_TO_FINANCE = "finance does not know {}", "سیستم مالی {} را نمی‌شناسد"
    CALL_UNKNOWN_TO_CRM = "the CRM does not know this call", "CRM این درخواست را نمی‌شناسد"
    NO_ARRAY = "no array", "پاسخ فهرست نیست"
    HALF_AN_ARRAY = "no complete array", "فهرست کامل نیست"
    NO_OBJECT = "a row that is no object", "یکی از ردیف‌های فهرست خوانده نمی‌شود"
    SHORT_LIST = (
        "the list holds {amount} contacts, less than half of the {against} that are mapped",
        "فهرست {amount} طرف حساب دارد؛ کمتر از نیمی از {against} مورد پیوندخورده",
    )
    PAGE_IGNORED = "the light list ignores the page number", "فهرست کوتاه به شمارهٔ صفحه توجه نمی‌کند"
    FIND_PAGE_IGNORED = "find ignores the page number", "جست‌وجو به شمارهٔ صفحه توجه نمی‌کند"
    FIND_ORDER_IGNORED = "find ignores its condition or order", "جست‌وجو به شرط یا ترتیب توجه نمی‌کند"
    LINE_WITHOUT_CODE = "line {}: no productCode", "ردیف {}: کد کالا ندارد"
    LINE_WITHOUT_VALUE = "line {}: {} is missing", "ردیف {}: {} ندارد"
    LINE_WITHOUT_AMOUNT = "line {}: {} is not an amount", "ردیف {}: مقدار {} عدد نیست"
    LINE_TOO_LARGE = "line {}: {} is too large", "ردیف {}: مقدار {} بیش از اندازه بزرگ است"
    WITHOUT_VALUE = "{} is missing", "{} ندارد"
    NO_AMOUNT = "{} is not an amount", "مقدار {} عدد نیست"
    TOO_LARGE = "{} is too large", "مقدار {} بیش از اندازه بزرگ است"
    NO_LINES = "document {} has no lines", "سند {} ردیف ندارد"
    NO_PRODUCT_CODE = "line {} has no product code", "ردیف {} کد کالا ندارد"
    BAD_QUANTITY = "line {} has the quantity {}", "مقدار در ردیف {} برابر {} است"
    NO_CUSTOMER = "the document names no customer", "سند مشتری ندارد"
    NO_NAME = "the customer has no name in the CRM", "مشتری در CRM نام ندارد"
    DOCUMENT_LOST = (
        "the pre-invoice was sent and its answer was lost",
        "پیش‌فاکتور فرستاده شد و پاسخ آن نرسید",
    )
    OTHER_CODE = "{} was sent, {} was written", "کد {} فرستاده شد و {} نوشته شد"
    NET_DIFFERS = (
        "finance reports a net total of {amount}, the lines sum up to {against}",
        "مبلغ خالص در سیستم مالی {amount} است و جمع ردیف‌ها {against}",
    )
    FINAL_VALUE_DIFFERS = (
        "the CRM's final value is {amount}, lines with VAT and toll make {against}",
        "مبلغ نهایی CRM {amount} است و ردیف‌ها با مالیات و عوارض {against} می‌شود",
    )
    REPLACED = (
        "characters that finance cannot store were replaced in: {fields}",
        "نویسه‌هایی که سیستم مالی نمی‌پذیرد جایگزین شد، در: {fields}",
    )
    CUSTOMER = "customer {}: {} {reason} {rest}", "مشتری {}: {} · {reason} {rest}"
    CAUSE = "{reason} {rest}", "{reason} {rest}"

    def __init__(self, en: str, fa: str) -> None:
        self.en = en
        self.fa = fa

    def __call__(self, *values: object, **named: object) -> str:
        """As the log keeps it; what is not named is left out."""
        return self.en.format(*values, **dict.fromkeys(filter(None, _VALUE), "") | named).rstrip()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        spelled = "".join(
            re.escape(text) + ("" if name is None else _VALUE[name])
            for text, name, _, _ in Formatter().parse(self.en)
        )
        return re.compile(spelled.replace(rf"\ {_VALUE['rest']}", rf"(?:\ {_VALUE['rest']})?"), re.DOTALL)

    @property
    def places(self) -> list[str]:
        """What kind of value stands where: keys of `_VALUE`."""
        return [name for _, name, _, _ in Formatter().parse(self.en) if name is not None]


class Found(NamedTuple):
    """A detail in a message of the log, and what stands at its places."""

    detail: Detail
    values: tuple[str, ...]

    @property
    def rest(self) -> str:
        """What stands at the end and is from elsewhere; "" where nothing does."""
        return self.values[-1] if self.detail.places[-1:] == ["rest"] else ""

    @property
    def reason(self) -> str:
        """The reason code that it names; "" where it names none."""
        return dict(zip(self.detail.places, self.values, strict=True)).get("reason", "")

    def written(self, text: str, tell: Callable[[str, str], str]) -> str:
        """`text` is one of the detail's two; `tell` is given the place and what stands there."""
        known = zip(self.detail.places, self.values, strict=True)
        told = [(place, tell(place, value)) for place, value in known]
        words = [value for place, value in told if not place]
        return text.format(*words, **{place: value for place, value in told if place}).rstrip()


def find(message: str) -> tuple[Found, ...]:
    """The details that make up a message of the log; none where it is somebody else's text."""
    if whole := _found(message):
        return (whole,)
    parts = [_found(part) for part in message.split(BETWEEN)]
    found = tuple(part for part in parts if part is not None)
    return found if len(found) == len(parts) else ()


def _found(text: str) -> Found | None:
    matches = ((detail, detail.pattern.fullmatch(text)) for detail in Detail)
    return next((Found(detail, m.groups("")) for detail, m in matches if m), None)
