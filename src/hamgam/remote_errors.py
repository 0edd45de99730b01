"""What the known error texts of the two remote systems mean, and what a person can do next.

A reason code says what kind of failure it was; these say which one. A text that is not known here is shown as
it is, with the sentences of its reason code.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from hamgam.persian import text_key
from hamgam.reasons import Sentence


@dataclass(frozen=True)
class RemoteError:
    """A text by which a system says what is wrong."""

    name: str
    pattern: str
    """Looked for in the text's normal form: one spelling of ye, kaf, digits and the half-space."""
    sentence: Sentence
    about: tuple[str, ...] = ()
    """The fields that it is about: of the customer, of a document, or of the line that the text names."""

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


def explain(message: str | None) -> RemoteError | None:
    """The first known error that a message of the sync log holds."""
    text = text_key(_unescaped(message or ""))
    return next((known for known in REMOTE_ERRORS if known.compiled.search(text)), None)


def _unescaped(text: str) -> str:
    """The letters of a JSON body that spells them as `\\u06a9`."""
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)


_ROW_FA = "پیام خطا شمارهٔ ردیف را نشان می‌دهد."
_TELL = "Send the message to whoever maintains Hamgam: the forms of this build differ from what is known."
_TELL_FA = "پیام را برای پشتیبان همگام بفرستید: فرم‌های این نسخهٔ سیاق با آنچه همگام می‌شناسد فرق دارد."

REMOTE_ERRORS: tuple[RemoteError, ...] = (
    # Finance, contacts
    RemoteError(
        "duplicate mobile",
        r"(موبایل|همراه).*تکرار",
        Sentence(
            "Finance has another contact with this mobile number and does not take it twice.",
            "طرف حساب دیگری در سیستم مالی همین شمارهٔ موبایل را دارد و شمارهٔ تکراری پذیرفته نمی‌شود.",
            "Find that contact in finance by the number. If it is the same customer, correct the CRM number "
            "or "
            "national id so that both meet; if not, correct the wrong mobile number. Then retry.",
            "با همین شماره آن طرف حساب را در سیستم مالی پیدا کنید. اگر همان مشتری است، شمارهٔ مشتری یا کد "
            "ملی را "
            "یکی کنید؛ اگر نیست، موبایل نادرست را اصلاح کنید. سپس دوباره تلاش کنید.",
        ),
        about=("mobile",),
    ),
    RemoteError(
        "duplicate telephone",
        r"تلفن.*تکرار",
        Sentence(
            "Finance has another contact with this telephone number and does not take it twice.",
            "طرف حساب دیگری در سیستم مالی همین شمارهٔ تلفن را دارد و شمارهٔ تکراری پذیرفته نمی‌شود.",
            "Find that contact in finance by the number. If it is the same customer, correct the CRM number "
            "or "
            "national id so that both meet; if not, correct the wrong telephone number. Then retry.",
            "با همین شماره آن طرف حساب را در سیستم مالی پیدا کنید. اگر همان مشتری است، شمارهٔ مشتری یا کد "
            "ملی را "
            "یکی کنید؛ اگر نیست، تلفن نادرست را اصلاح کنید. سپس دوباره تلاش کنید.",
        ),
        about=("phone",),
    ),
    RemoteError(
        "national id",
        r"(کد|شماره|شناسه) ملی",
        Sentence(
            "Finance does not take the national id: it is wrong, or another contact has it.",
            "سیستم مالی کد ملی را نمی‌پذیرد: نادرست است یا برای طرف حساب دیگری ثبت شده است.",
            "Check the digits in the CRM and look for the id in finance; correct it, then retry.",
            "رقم‌ها را در CRM بررسی و کد را در سیستم مالی جست‌وجو کنید؛ پس از اصلاح دوباره تلاش کنید.",
        ),
        about=("national_id",),
    ),
    RemoteError(
        "wrong city",
        r"شهر|استان|codeshahr|codeostan",
        Sentence(
            "Finance does not know the city or the province of the address.",
            "سیستم مالی شهر یا استان این نشانی را نمی‌شناسد.",
            "Write the city in the CRM as finance has it, or add it to the base data of finance, then retry.",
            "نام شهر را در CRM همان‌گونه که در سیستم مالی است بنویسید، یا آن را به اطلاعات پایهٔ سیستم مالی "
            "اضافه کنید و دوباره تلاش کنید.",
        ),
        about=("address",),
    ),
    RemoteError(
        "no name",
        r"نام را وارد کنید",
        Sentence(
            "Finance wants a name, and the customer has none in the CRM.",
            "سیستم مالی نام می‌خواهد و این مشتری در CRM نام ندارد.",
            "Enter the name in the CRM; the change is then synchronised.",
            "نام را در CRM وارد کنید؛ پس از آن خودش همگام می‌شود.",
        ),
        about=("name",),
    ),
    RemoteError(
        "gender",
        r"جنسیت",
        Sentence(
            "Finance does not take the gender of this person.",
            "سیستم مالی جنسیت این شخص را نمی‌پذیرد.",
            "Choose the gender anew in the CRM, then retry.",
            "جنسیت را در CRM دوباره انتخاب و سپس دوباره تلاش کنید.",
        ),
    ),
    RemoteError(
        "contact gone",
        r"مخاطب یافت نشد|کد مخاطب",
        Sentence(
            "The contact that this customer is linked to is not in finance any more.",
            "طرف حسابی که این مشتری به آن پیوند خورده دیگر در سیستم مالی نیست.",
            "If it was deleted by mistake, restore it there and retry. Otherwise have the administrator "
            "remove "
            "the link (`docs/troubleshooting.md`, Duplicates), so that the customer is matched anew.",
            "اگر اشتباهی حذف شده، آن را برگردانید و دوباره تلاش کنید. وگرنه از مدیر سیستم بخواهید پیوند را "
            "بردارد (`docs/troubleshooting.md`) تا معادل مشتری از نو پیدا شود.",
        ),
    ),
    # Finance, pre-invoices
    RemoteError(
        "bad price",
        r"قیمت ردیف",
        Sentence(
            "The price of a line is missing, zero or negative, and finance does not take it.",
            "قیمت یکی از ردیف‌ها خالی، صفر یا منفی است و سیستم مالی آن را نمی‌پذیرد.",
            "Correct the price in the CRM; the message names the line. The change is then synchronised.",
            f"قیمت را در CRM اصلاح کنید؛ {_ROW_FA} پس از آن خودش همگام می‌شود.",
        ),
        about=("price",),
    ),
    RemoteError(
        "unknown product",
        r"کالا(ی)? ردیف|codekala|کالا.*(یافت نشد|وجود ندارد)",
        Sentence(
            "Finance does not know the product of a line.",
            "سیستم مالی کالای یکی از ردیف‌ها را نمی‌شناسد.",
            "See that the product has the same code in both systems: correct the code in the CRM, or add the "
            "product to finance. The message names the line. Then retry.",
            "کد کالا باید در هر دو سیستم یکی باشد: کد را در CRM اصلاح کنید یا کالا را در سیستم مالی تعریف "
            "کنید. "
            f"{_ROW_FA} سپس دوباره تلاش کنید.",
        ),
        about=("product",),
    ),
    RemoteError(
        "unknown unit",
        r"واحد|nameunit",
        Sentence(
            "Finance does not know the unit of a line for this product.",
            "سیستم مالی واحد یکی از ردیف‌ها را برای این کالا نمی‌شناسد.",
            "Choose in the CRM a unit that the product has in finance, then retry.",
            "در CRM واحدی را انتخاب کنید که این کالا در سیستم مالی دارد، سپس دوباره تلاش کنید.",
        ),
        about=("unit",),
    ),
    RemoteError(
        "bad quantity",
        r"مقدار ردیف",
        Sentence(
            "The quantity of a line is missing, zero or negative, and finance does not take it.",
            "مقدار یکی از ردیف‌ها خالی، صفر یا منفی است و سیستم مالی آن را نمی‌پذیرد.",
            "Correct the quantity in the CRM; the message names the line.",
            f"مقدار را در CRM اصلاح کنید؛ {_ROW_FA}",
        ),
        about=("quantity",),
    ),
    RemoteError(
        "bad discount",
        r"تخفیف ردیف",
        Sentence(
            "The discount of a line is negative or larger than the line itself.",
            "تخفیف یکی از ردیف‌ها منفی یا از مبلغ همان ردیف بیشتر است.",
            "Correct the discount in the CRM; the message names the line.",
            f"تخفیف را در CRM اصلاح کنید؛ {_ROW_FA}",
        ),
        about=("discount",),
    ),
    RemoteError(
        "no lines",
        r"دست کم یک سطر",
        Sentence(
            "Finance takes no pre-invoice without a line.",
            "سیستم مالی پیش‌فاکتور بدون ردیف نمی‌پذیرد.",
            "Add lines in the CRM; the change is then synchronised.",
            "ردیف‌های سند را در CRM وارد کنید؛ پس از آن خودش همگام می‌شود.",
        ),
    ),
    RemoteError(
        "fiscal year",
        r"سال مالی|salmali",
        Sentence(
            "The fiscal year of the document is closed, or not the one that finance works in.",
            "سال مالی این سند بسته است یا با سال مالی جاری سیستم مالی برابر نیست.",
            "Have the current fiscal year opened for the user of Hamgam in finance, then retry.",
            "در سیستم مالی، سال مالی جاری را برای کاربر همگام باز کنید و سپس دوباره تلاش کنید.",
        ),
    ),
    RemoteError(
        "customer gone",
        r"مشتری یافت نشد",
        Sentence(
            "The contact of the document's customer is not in finance any more.",
            "طرف حساب مشتری این سند دیگر در سیستم مالی نیست.",
            "Solve it for the customer first: restore the contact in finance, or have the link removed. "
            "Then retry the document.",
            "نخست مشکل مشتری را برطرف کنید: طرف حساب را در سیستم مالی برگردانید یا بخواهید پیوندش برداشته "
            "شود. سپس برای سند دوباره تلاش کنید.",
        ),
        about=("customer",),
    ),
    RemoteError(
        "document gone",
        r"سند یافت نشد",
        Sentence(
            "The pre-invoice that this document is linked to is not in finance any more.",
            "پیش‌فاکتوری که این سند به آن پیوند خورده دیگر در سیستم مالی نیست.",
            "Ask in finance who removed it and why. If it was turned into an invoice there, dismiss this "
            "row; "
            "the change has to be made there by hand.",
            "از بخش مالی بپرسید چرا حذف شده است. اگر آنجا به فاکتور تبدیل شده، این مورد را ببندید؛ تغییر را "
            "باید "
            "دستی در سیستم مالی وارد کرد.",
        ),
    ),
    RemoteError(
        "site code",
        r"مقدار \S+ (درست )?وارد نشده",
        Sentence(
            "Finance does not take one of the fixed codes that are sent with each record.",
            "سیستم مالی یکی از کدهای ثابتی را که با هر مورد فرستاده می‌شود نمی‌پذیرد.",
            "The message names the column. Compare the settings PREINVOICE_SALE_MODEL, "
            "PREINVOICE_PAYMENT_KIND, "
            "PREINVOICE_SALES_CENTER, PREINVOICE_SALE_KIND and PREINVOICE_INTERMEDIARY with the codes of "
            "finance, then retry.",
            "نام ستون در پیام آمده است. تنظیمات PREINVOICE_SALE_MODEL، PREINVOICE_PAYMENT_KIND، "
            "PREINVOICE_SALES_CENTER، PREINVOICE_SALE_KIND و PREINVOICE_INTERMEDIARY را با کدهای سیستم مالی "
            "مقایسه و سپس دوباره تلاش کنید.",
        ),
    ),
    RemoteError(
        "no right",
        r"(مجوز|دسترسی|مجاز).*(ندارید|ندارد|نیستید|نیست)",
        Sentence(
            "The user of Hamgam has no right to this in the remote system.",
            "کاربر همگام در سیستم مقابل اجازهٔ این کار را ندارد.",
            "Have the right granted to that user, then retry.",
            "این دسترسی را برای همان کاربر فعال و سپس دوباره تلاش کنید.",
        ),
    ),
    RemoteError(
        "form",
        r"فرم|پارامتر|پیش فاکتور فروش نیست|شناسه یکتای سند|سطر(های)? |جدول سطرها",
        Sentence(
            "Finance does not take the form in which the record was sent.",
            "سیستم مالی شکل فرمی را که اطلاعات با آن فرستاده شد نمی‌پذیرد.",
            _TELL,
            _TELL_FA,
        ),
    ),
    # The CRM
    RemoteError(
        "duplicate number",
        r"شماره مشتری تکراری",
        Sentence(
            "The CRM has another customer with this number.",
            "مشتری دیگری در CRM همین شمارهٔ مشتری را دارد.",
            "Find that customer in the CRM by the number. If it is the same one, run the import again, which "
            "links it; if not, give one of the two another number.",
            "آن مشتری را با همین شماره در CRM پیدا کنید. اگر همان است، وارد کردن مشتریان را دوباره اجرا کنید "
            "تا پیوند بخورد؛ اگر نیست، شمارهٔ یکی از آن دو را تغییر دهید.",
        ),
        about=("number",),
    ),
    RemoteError(
        "unknown field",
        r"فیلد \S+ ناشناخته|نام فیلد معتبر نیست",
        Sentence(
            "The CRM does not know a field that Hamgam asks for.",
            "CRM یکی از فیلدهایی را که همگام می‌خواهد نمی‌شناسد.",
            "Run `hamgam check-apis` and send its output with the message to whoever maintains Hamgam.",
            "`hamgam check-apis` را اجرا کنید و نتیجه را همراه پیام برای پشتیبان همگام بفرستید.",
        ),
    ),
    RemoteError(
        "locked account",
        r"قفل شده",
        Sentence(
            "The user of Hamgam is locked after too many failed logins.",
            "کاربر همگام به دلیل تلاش‌های ناموفق برای ورود قفل شده است.",
            "Have it unlocked, and check the password in the settings.",
            "قفل کاربر را باز کنید و گذرواژه را در تنظیمات بررسی کنید.",
        ),
    ),
    RemoteError(
        "wrong password",
        r"(رمز|گذرواژه).*نادرست",
        Sentence(
            "User name or password is wrong.",
            "نام کاربری یا گذرواژه نادرست است.",
            "Correct it in the settings and start Hamgam again.",
            "آن را در تنظیمات اصلاح و همگام را دوباره اجرا کنید.",
        ),
    ),
    RemoteError(
        "API not active",
        r"ماژول API",
        Sentence(
            "The API module of the CRM is not active.",
            "ماژول API در CRM فعال نیست.",
            "Ask its vendor for the licence, or have the module switched on.",
            "مجوز آن را از فروشنده بگیرید یا بخواهید ماژول را فعال کنند.",
        ),
    ),
    RemoteError(
        "session ended",
        r"(نشست|توکن).*معتبر نیست",
        Sentence(
            "The remote system ended the login.",
            "سیستم مقابل نشست کاربر همگام را بست.",
            "See that nobody else logs in with the user of Hamgam, then retry.",
            "مطمئن شوید کس دیگری با نام کاربری همگام وارد آن سیستم نمی‌شود، سپس دوباره تلاش کنید.",
        ),
    ),
    RemoteError(
        "bad request",
        r"معتبر نیست|الزامی است|از (صفر|یک) شروع|سازگار نیست|شرط خالی|باید (متن|فهرست|application/json)|"
        r"فقط POST|پشتیبانی نمی شود|یافت نشد|request body is not valid|Content-Type must|does not "
        r"support this",
        Sentence(
            "The remote system does not take the request as Hamgam sends it.",
            "سیستم مقابل درخواست را به این شکل نمی‌پذیرد.",
            "Check the values in the record. If they look right, send the message to whoever maintains "
            "Hamgam.",
            "مقادیر این مورد را بررسی کنید. اگر درست است، پیام را برای پشتیبان همگام بفرستید.",
        ),
    ),
    # What Hamgam itself says of an answer
    RemoteError(
        "list cut short",
        r"less than half of the [0-9]+ that are mapped",
        Sentence(
            "Finance answered a list of contacts that cannot be all there is, so nothing was made from it.",
            "فهرست طرف حساب‌هایی که سیستم مالی داد کامل نیست؛ پس چیزی بر پایهٔ آن ساخته نشد.",
            "Check that FINANCE_API_BASE_URL leads to the right company; "
            "`docs/troubleshooting.md` says more.",
            "بررسی کنید که FINANCE_API_BASE_URL به شرکت درست برسد؛ توضیح بیشتر در `docs/troubleshooting.md` "
            "است.",
        ),
    ),
    RemoteError(
        "certificate",
        r"certificate is not trusted",
        Sentence(
            "The encrypted connection failed, or the certificate of the remote system is not trusted.",
            "ارتباط رمزنگاری‌شده برقرار نشد یا گواهی امنیتی سیستم مقابل معتبر نیست.",
            "Have the certificate renewed, or its issuer trusted on this machine.",
            "بخواهید گواهی را تمدید کنند یا صادرکنندهٔ آن را روی این دستگاه معتبر بشناسند.",
        ),
    ),
    RemoteError(
        "unknown host",
        r"no machine is known by the name",
        Sentence(
            "No machine is known by the name in the address.",
            "سروری با نامی که در نشانی آمده پیدا نشد.",
            "Check the address in the settings and the name service of the network.",
            "نشانی را در تنظیمات و سرویس نام‌گذاری شبکه را بررسی کنید.",
        ),
    ),
)
"""The first that fits counts, so what is narrower comes first."""
