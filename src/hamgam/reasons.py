"""What each reason code means and what a person can do next, in English and Persian.

Pages, the command line and the documentation show these sentences; the codes themselves never change.
"""

from dataclasses import dataclass

from hamgam.errors import Reason


@dataclass(frozen=True, slots=True)
class Sentence:
    en: str
    fa: str
    next_step_en: str
    next_step_fa: str


SENTENCES: dict[Reason, Sentence] = {
    Reason.OWN_TRANSACTION: Sentence(
        "This notice was caused by a write of Hamgam itself.",
        "این تغییر را خود همگام ثبت کرده بود.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.TIME_GATE: Sentence(
        "The record was synchronised a moment ago; it is looked at again as soon as the gate opens.",
        "این مورد همین چند لحظه پیش همگام شده است و پس از زمان انتظار دوباره بررسی می‌شود.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.CHECKSUM_MATCH: Sentence(
        "No field that is synchronised has changed.",
        "هیچ‌یک از فیلدهایی که همگام می‌شوند تغییر نکرده است.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.CRM_PRIORITY: Sentence(
        "Finance was changed as well; the CRM's values count, and what they replaced is kept in the log.",
        "اطلاعات در سیستم مالی هم تغییر کرده بود؛ مقدار CRM ملاک است و مقدار پیشین در گزارش می‌ماند.",
        "If the value in finance was the right one, enter it in the CRM.",
        "اگر مقدار سیستم مالی درست بود، همان را در CRM وارد کنید.",
    ),
    Reason.NOT_IN_CRM: Sentence(
        "The record does not exist in the CRM, and finance has no counterpart of it that Hamgam knows.",
        "این مورد در CRM وجود ندارد و همگام هم معادلی برای آن در سیستم مالی نمی‌شناسد.",
        "Check the id if you typed it; otherwise nothing to do.",
        "اگر شناسه را خودتان وارد کرده‌اید آن را بررسی کنید؛ وگرنه کاری لازم نیست.",
    ),
    Reason.DELETED_IN_CRM: Sentence(
        "The record was deleted in the CRM. In finance nothing is deleted; DELETE_POLICY says what is done.",
        "این مورد در CRM حذف شده است. در سیستم مالی چیزی حذف نمی‌شود؛ رفتار را DELETE_POLICY تعیین می‌کند.",
        "Decide in finance whether its counterpart is still needed.",
        "در سیستم مالی تصمیم بگیرید که آیا معادل آن هنوز لازم است.",
    ),
    Reason.ALREADY_MAPPED: Sentence(
        "This finance contact is linked to a CRM customer already.",
        "این طرف حساب پیش‌تر به یک مشتری CRM پیوند خورده است.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.NUMBER_IN_CRM: Sentence(
        "A customer with this number exists in the CRM; it was linked instead of created.",
        "مشتری با این شماره در CRM وجود دارد؛ به جای ساختن مشتری تازه، به آن پیوند داده شد.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.BEING_CREATED: Sentence(
        "A sync that has not ended yet is creating a CRM customer with these very values in finance.",
        "همگام‌سازی ناتمامی دارد مشتری CRM با همین مقادیر را در سیستم مالی می‌سازد.",
        "That sync links it. If it has failed, retry it first, and then import with `--again`.",
        "همان همگام‌سازی آن را پیوند می‌دهد. اگر ناموفق مانده، نخست برای آن دوباره تلاش "
        "کنید و سپس مشتریان را با `--again` وارد کنید.",
    ),
    Reason.ADMINISTRATOR: Sentence(
        "The contact is an administrator of the finance system and is not imported.",
        "این طرف حساب مدیر سیستم مالی است و وارد CRM نمی‌شود.",
        "Nothing to do.",
        "کاری لازم نیست.",
    ),
    Reason.INACTIVE: Sentence(
        "The contact is inactive in finance and is not imported.",
        "این طرف حساب در سیستم مالی غیرفعال است و وارد CRM نمی‌شود.",
        "To have it in the CRM, make it active in finance and run `hamgam initial-import --again`.",
        "اگر باید در CRM باشد، آن را در سیستم مالی فعال کنید و `hamgam initial-import --again` را اجرا کنید.",
    ),
    Reason.UNUSABLE_RECORD: Sentence(
        "Something without which the record cannot be written is missing or not usable, such as a name, "
        "a customer, or the product code or quantity of a line.",
        "بخشی از اطلاعات لازم وارد نشده یا قابل استفاده نیست؛ مانند نام، مشتری، یا کد کالا و مقدار یک ردیف.",
        "Read the message, correct the record where it was entered, and synchronise it again.",
        "پیام خطا را بخوانید، اطلاعات را در همان سیستمی که وارد شده اصلاح کنید و دوباره تلاش کنید.",
    ),
    Reason.AMBIGUOUS_MATCH: Sentence(
        "Several finance contacts could be this customer; nothing was written.",
        "چند طرف حساب در سیستم مالی می‌توانند همین مشتری باشند؛ چیزی نوشته نشد.",
        'Under "Needs attention", or with `hamgam settle`, say which one it is, or that it is '
        "none of them; or "
        "leave the number or national id with the right contact only and retry.",
        "در «نیازمند رسیدگی» یا با `hamgam settle` بگویید این مشتری کدام‌یک از آن‌هاست یا "
        "هیچ‌کدام نیست؛ یا شماره و "
        "کد ملی را فقط برای طرف حساب درست نگه دارید و دوباره تلاش کنید.",
    ),
    Reason.MATCH_TAKEN: Sentence(
        "The counterpart in the other system is linked to another record already; nothing was linked.",
        "معادل این مورد در سیستم دیگر به مورد دیگری پیوند خورده است؛ پیوندی ساخته نشد.",
        "Often one customer was entered twice, or two share a number. Correct that and retry, or say under "
        '"Needs attention", or with `hamgam settle`, which other record of finance it is, or '
        "that it is absent.",
        "معمولاً یک مشتری دو بار ثبت شده یا دو مشتری یک شماره دارند. آن را اصلاح و دوباره تلاش "
        "کنید، یا در «نیازمند "
        "رسیدگی» یا با `hamgam settle` بگویید معادل آن در سیستم مالی کدام است یا آنجا نیست.",
    ),
    Reason.KIND_MISMATCH: Sentence(
        "One system has a person where the other has an organization; nothing was written.",
        "در یک سیستم شخص حقیقی و در دیگری شخص حقوقی ثبت شده است؛ چیزی نوشته نشد.",
        "Correct the kind, the number or the national id in one of them and retry, or say under "
        '"Needs attention", or with `hamgam settle`, that it is this contact, or that it is absent.',
        "نوع مشتری، شماره یا کد ملی را در یکی از دو سیستم اصلاح و دوباره تلاش کنید، یا در "
        "«نیازمند رسیدگی» یا با "
        "`hamgam settle` بگویید همین طرف حساب است یا در سیستم مالی نیست.",
    ),
    Reason.OTHER_CODE: Sentence(
        "An update was sent and finance answered another code than the one it was sent for: it may have made "
        "a second record. Nothing more is written to this one.",
        "ویرایش یک کد فرستاده شد و سیستم مالی کد دیگری پاسخ داد؛ شاید مورد دومی ساخته باشد. دیگر "
        "چیزی برای این "
        "مورد فرستاده نمی‌شود.",
        "The message names both codes. Remove one of the two in finance, and say under "
        '"Needs attention", or with `hamgam settle`, which one stays.',
        "هر دو کد در پیام آمده است. یکی را در سیستم مالی حذف کنید و در «نیازمند رسیدگی» یا با "
        "`hamgam settle` بگویید "
        "کدام می‌ماند.",
    ),
    Reason.VALUE_REPLACED: Sentence(
        "A value held a sign that finance cannot store, such as | or a line break; it was sent with another.",
        "یکی از مقدارها نویسه‌ای داشت که در سیستم مالی ثبت نمی‌شود، مانند | یا سطر تازه؛ به جای "
        "آن نویسهٔ دیگری فرستاده شد.",
        "Nothing to do; to have both sides equal, take the sign out in the CRM.",
        "کاری لازم نیست؛ اگر می‌خواهید دو سیستم یکسان باشند، آن نویسه را در CRM بردارید.",
    ),
    Reason.IN_DOUBT: Sentence(
        "An earlier attempt may or may not have reached finance, and a person has not settled it yet.",
        "روشن نیست که تلاش پیشین در سیستم مالی ثبت شده است یا نه و هنوز کسی آن را تعیین تکلیف نکرده است.",
        'Look in finance and settle the earlier row under "Needs attention", or with `hamgam '
        "settle`: it exists "
        "there, or it is absent.",
        "سیستم مالی را ببینید و تلاش پیشین را در «نیازمند رسیدگی» یا با `hamgam settle` تعیین "
        "تکلیف کنید: آنجا ثبت "
        "شده است یا نه.",
    ),
    Reason.REVIEW_REQUIRED: Sentence(
        "The document changed after its pre-invoice was made; INVOICE_UPDATE_POLICY leaves it to a person.",
        "این سند پس از صدور پیش‌فاکتور مالی تغییر کرده است و بنا بر INVOICE_UPDATE_POLICY تصمیم با شماست.",
        "Compare the two, change the pre-invoice in finance if it should follow, and say under "
        '"Needs attention", or with `hamgam settle`, that it agrees.',
        "دو سند را با هم مقایسه کنید، اگر لازم است پیش‌فاکتور را در سیستم مالی اصلاح کنید و در "
        "«نیازمند رسیدگی» یا "
        "با `hamgam settle` بگویید که با هم می‌خوانند.",
    ),
    Reason.CUSTOMER_FAILED: Sentence(
        "The customer of this document could not be synchronised, so the document waits.",
        "مشتری این سند همگام نشد و سند منتظر می‌ماند.",
        "Solve the customer's failure first; the message names it.",
        "نخست مشکل مشتری را برطرف کنید؛ نام او در پیام خطا آمده است.",
    ),
    Reason.TOTAL_MISMATCH: Sentence(
        "The pre-invoice was written, but the totals of the two systems differ.",
        "پیش‌فاکتور مالی ثبت شد، ولی جمع کل دو سیستم با هم برابر نیست.",
        "Compare prices, discounts and VAT of both documents.",
        "قیمت، تخفیف و مالیات دو سند را با هم مقایسه کنید.",
    ),
    Reason.NO_LINES: Sentence(
        "The document has no lines, so no pre-invoice can be made of it.",
        "این سند ردیف کالا ندارد و نمی‌توان از آن پیش‌فاکتور مالی ساخت.",
        "Add lines in the CRM; the change is then synchronised.",
        "ردیف‌های سند را در CRM وارد کنید؛ پس از آن همگام می‌شود.",
    ),
    Reason.WRITE_BACK_FAILED: Sentence(
        "Finance was written, but its code could not be noted in the CRM.",
        "اطلاعات در سیستم مالی ثبت شد، ولی کد آن در CRM یادداشت نشد.",
        "Check the rights of the CRM user; the code is written again with the customer's next sync.",
        "دسترسی کاربر CRM را بررسی کنید؛ کد در همگام‌سازی بعدی همین مشتری دوباره نوشته می‌شود.",
    ),
    Reason.DUPLICATE_PHONE: Sentence(
        "Finance refused the telephone number because another contact has it.",
        "سیستم مالی این شمارهٔ تلفن را نپذیرفت، چون برای طرف حساب دیگری ثبت شده است.",
        "Correct the number in the CRM, or on the other contact in finance, then retry.",
        "شماره را در CRM یا برای طرف حساب دیگر در سیستم مالی اصلاح و دوباره تلاش کنید.",
    ),
    Reason.BAD_PRICE: Sentence(
        "Finance refused the price of a line.",
        "سیستم مالی قیمت یکی از ردیف‌ها را نپذیرفت.",
        "Correct the price in the CRM; the message names the line.",
        "قیمت را در CRM اصلاح کنید؛ پیام خطا شمارهٔ ردیف را نشان می‌دهد.",
    ),
    Reason.BUSINESS_ERROR: Sentence(
        "Finance refused the record by one of its own rules.",
        "سیستم مالی این مورد را بر اساس یکی از قواعد خودش نپذیرفت.",
        "Read finance's message, correct the record in the CRM, then retry.",
        "پیام سیستم مالی را بخوانید، اطلاعات را در CRM اصلاح و دوباره تلاش کنید.",
    ),
    Reason.BAD_REQUEST: Sentence(
        "The remote system did not accept the request.",
        "سیستم مقابل درخواست را نپذیرفت.",
        "Read the message. If the record looks right, tell whoever maintains Hamgam.",
        "پیام خطا را بخوانید. اگر اطلاعات درست است، به پشتیبان همگام خبر بدهید.",
    ),
    Reason.UNREACHABLE: Sentence(
        "The remote system cannot be reached, or its certificate is not trusted.",
        "ارتباط با سیستم مقابل برقرار نمی‌شود یا گواهی امنیتی آن معتبر نیست.",
        "Check that it runs and that the network reaches it; Hamgam tries again by itself.",
        "روشن بودن آن سیستم و شبکه را بررسی کنید؛ همگام خودش دوباره تلاش می‌کند.",
    ),
    Reason.TIMEOUT: Sentence(
        "The remote system did not answer in time.",
        "سیستم مقابل در زمان تعیین‌شده پاسخ نداد.",
        "Hamgam tries again by itself. If it happens often, raise HTTP_TIMEOUT_SECONDS or lower the load.",
        "همگام خودش دوباره تلاش می‌کند. اگر تکرار شد، HTTP_TIMEOUT_SECONDS را بیشتر یا بار را کمتر کنید.",
    ),
    Reason.SERVER_ERROR: Sentence(
        "The remote system reported a failure of its own.",
        "سیستم مقابل خطای داخلی گزارش کرد.",
        "Hamgam tries again where that is safe. If it stays, ask the administrator of that system.",
        "همگام هر جا که بی‌خطر باشد دوباره تلاش می‌کند. اگر ادامه داشت، از مدیر آن سیستم کمک بگیرید.",
    ),
    Reason.RATE_LIMITED: Sentence(
        "The remote system asks for fewer calls.",
        "سیستم مقابل خواسته است که درخواست‌ها کمتر شود.",
        "Hamgam waits and goes on. If it happens often, lower the rate of that system in the settings.",
        "همگام صبر می‌کند و ادامه می‌دهد. اگر تکرار شد، نرخ درخواست آن سیستم را در تنظیمات کم کنید.",
    ),
    Reason.BROKEN_ANSWER: Sentence(
        "The remote system answered something that cannot be understood.",
        "سیستم مقابل پاسخی داد که همگام نتوانست بخواند.",
        "If it stays, check that the address is right and run `hamgam check-apis`.",
        "اگر ادامه داشت، درستی نشانی را بررسی و `hamgam check-apis` را اجرا کنید.",
    ),
    Reason.ANSWER_LOST: Sentence(
        "A write was sent and its answer was lost, so it may have been done.",
        "اطلاعات فرستاده شد ولی پاسخ نرسید؛ شاید ثبت شده باشد.",
        "A customer is looked up before it is sent again. For a pre-invoice look in finance, then say under "
        '"Needs attention", or with `hamgam settle`, whether it is there.',
        "مشتری پیش از ارسال دوباره جست‌وجو می‌شود. پیش‌فاکتور را در سیستم مالی ببینید و در «نیازمند رسیدگی» "
        "یا با `hamgam settle` بگویید آنجا هست یا نه.",
    ),
    Reason.SESSION_LOST: Sentence(
        "The remote system ended the login, and a new one did not last either.",
        "سیستم مقابل نشست همگام را بست و نشست تازه هم پایدار نماند.",
        "See that nobody else logs in with the user of Hamgam.",
        "مطمئن شوید کس دیگری با نام کاربری همگام وارد آن سیستم نمی‌شود.",
    ),
    Reason.BAD_CREDENTIALS: Sentence(
        "User name or password is wrong.",
        "نام کاربری یا گذرواژه نادرست است.",
        "Correct it in the settings and start Hamgam again; for finance see `hamgam hash-password`.",
        "تنظیمات را اصلاح و همگام را دوباره اجرا کنید؛ برای سیستم مالی `hamgam hash-password` را ببینید.",
    ),
    Reason.NOT_LICENSED: Sentence(
        "The remote system has no licence for its API.",
        "سیستم مقابل مجوز استفاده از API را ندارد.",
        "Ask its vendor for the API licence.",
        "مجوز API را از فروشندهٔ آن سیستم بگیرید.",
    ),
    Reason.LOCKED_OUT: Sentence(
        "The user of Hamgam is locked or has no right to this.",
        "کاربر همگام در سیستم مقابل قفل شده یا دسترسی لازم را ندارد.",
        "Ask the administrator of that system to unlock the user and to check its rights.",
        "از مدیر آن سیستم بخواهید قفل کاربر را باز و دسترسی‌هایش را بررسی کند.",
    ),
    Reason.NOT_SUPPORTED: Sentence(
        "This build of the remote system does not know a call that Hamgam needs, or answers it otherwise.",
        "این نسخه از سیستم مقابل قابلیتی را که همگام لازم دارد پشتیبانی نمی‌کند.",
        "Run `hamgam check-apis` and show its output to the vendor.",
        "فرمان `hamgam check-apis` را اجرا کنید و نتیجه را به فروشندهٔ آن سیستم نشان دهید.",
    ),
    Reason.WRONG_ADDRESS: Sentence(
        "Nothing at this address answers as the remote system should.",
        "در این نشانی، سیستم مورد نظر پاسخ نمی‌دهد.",
        "Correct CRM_API_BASE_URL or FINANCE_API_BASE_URL in the settings.",
        "مقدار CRM_API_BASE_URL یا FINANCE_API_BASE_URL را در تنظیمات اصلاح کنید.",
    ),
    Reason.DRY_RUN: Sentence(
        "This was a dry run; a write was held back.",
        "این اجرا آزمایشی بود و چیزی نوشته نشد.",
        "Run it without `--dry-run` to write.",
        "برای ثبت واقعی، بدون `--dry-run` اجرا کنید.",
    ),
    Reason.TAKEN_OVER: Sentence(
        "Another process went on with this record while this one was held up.",
        "این پردازش از کار ماند و پردازش دیگری کار را ادامه داد.",
        "Nothing to do; the other attempt's row tells how it ended.",
        "کاری لازم نیست؛ نتیجه در ردیف تلاش دیگر آمده است.",
    ),
    Reason.INTERNAL: Sentence(
        "Hamgam itself failed unexpectedly.",
        "در خود همگام خطای پیش‌بینی‌نشده‌ای رخ داد.",
        "Retry once. If it fails again, send the process log to whoever maintains Hamgam.",
        "یک بار دوباره تلاش کنید. اگر تکرار شد، گزارش برنامه را برای پشتیبان همگام بفرستید.",
    ),
}
