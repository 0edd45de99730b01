"""The words of the connections: both systems, the site probe, webhooks, and where settings come from."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "nav.connections": ("ارتباط‌ها", "Connections"),
    "connections.calls": ("درخواست‌ها", "Calls"),
    "connections.mean": ("میانگین زمان", "Mean time"),
    "connections.errors": ("خطاها", "Failed calls"),
    "connections.errors.none": ("هیچ", "none"),
    "connections.session": ("نشست", "Session"),
    "connections.session.since": ("از", "since"),
    "connections.session.yes": ("برقرار", "logged in"),
    "connections.session.no": ("هنوز وارد نشده است", "not logged in yet"),
    "connections.refused_at": ("آخرین رد شدن ورود", "Login last refused"),
    "connections.breaker": ("قطع‌کن این پردازه", "Breaker of this process"),
    "connections.breaker.closed": ("بسته: درخواست‌ها می‌روند", "closed: calls go through"),
    "connections.breaker.open": (
        "باز: تا پاسخ دادن سیستم چیزی فرستاده نمی‌شود",
        "open: nothing is sent until the system answers",
    ),
    "connections.breaker.idle": ("این پردازه اکنون تماسی ندارد", "this process makes no calls now"),
    "probe": ("بررسی سیستم‌ها", "Site probe"),
    "probe.note": (
        "به هر دو سیستم وارد می‌شود، فقط می‌خواند و می‌گوید هر نسخه چه دارد. تا یک دقیقه طول می‌کشد.",
        "Logs in to both systems, only reads, and says what each build supports. It takes up to a minute.",
    ),
    "probe.run": ("بررسی کن", "Check now"),
    "probe.none": ("هنوز بررسی نشده است.", "Not checked yet."),
    "probe.last": ("آخرین بررسی:", "Last checked:"),
    "probe.running": ("یک بررسی در حال انجام است، به خواست", "A check is under way, asked for by"),
    "probe.busy": (
        "انجام نشد: یک بررسی در حال انجام است یا این سرویس به سیستم‌ها راه ندارد.",
        "Not done: a check is under way, or this service does not reach the systems.",
    ),
    "probe.reachable": ("در دسترس", "reachable"),
    "probe.unreachable": ("در دسترس نیست", "not reachable"),
    "probe.login": ("وارد شد", "logged in"),
    "probe.no_login": ("وارد نشد", "not logged in"),
    "probe.finding": ("یافته", "Finding"),
    "probe.value": ("مقدار", "Value"),
    "probe.meaning": ("معنی", "What it means"),
    "probe.ms": ("زمان خواندن‌ها", "Reads took"),
    "probe.trouble.TOOK_TOO_LONG": (
        "سیستم‌ها در زمان مقرر پاسخ ندادند و بررسی قطع شد.",
        "The systems did not answer in time, and the check was cut off.",
    ),
    "probe.trouble.CUT_OFF": ("بررسی ناتمام ماند.", "The check was cut off."),
    "finding.clock_difference_seconds": (
        "ساعت سیستم مقابل چند ثانیه از ساعت این دستگاه جلوتر است. چند ساعت اختلاف یعنی منطقهٔ زمانی "
        "یکی از دو سرور نادرست است.",
        "How far the remote clock is ahead of this machine's. Hours of difference mean a wrong time zone.",
    ),
    "finding.page_base": (
        "شمارهٔ نخستین صفحهٔ فهرست کوتاه مشتریان.",
        "The number of the light list's first page.",
    ),
    "finding.page_size": (
        "شمار ردیف‌های صفحهٔ صفر؛ کمتر از ۵۰۰ می‌تواند حد خود CRM باشد.",
        "Rows on page 0; fewer than 500 may be the CRM's limit.",
    ),
    "finding.number_pattern": (
        "شکل شماره‌های مشتری: پیشوند، کوچک‌ترین شماره، و افزودنی‌ای که از آن برمی‌آید. با تنظیم‌های "
        "CUSTOMER_NUMBER مقایسه کنید.",
        "How customer numbers look: prefix, smallest number, and the offset that it suggests. Compare with "
        "the CUSTOMER_NUMBER settings.",
    ),
    "finding.find": (
        "بررسی دوره‌ای کار می‌کند: موردها را می‌توان بر پایهٔ زمان تغییر خواند.",
        "Polling works: objects can be read by time of modification.",
    ),
    "finding.date_fractions": (
        "شمار رقم‌های کسر ثانیه در تاریخ‌های CRM.",
        "Digits of a second in the CRM's dates.",
    ),
    "finding.ref_id": (
        "CRM فیلد شناسهٔ بیگانه را برمی‌گرداند یا نه. اگر نه، WRITE_BACK را خاموش نگه دارید.",
        "Whether the CRM returns the field for foreign ids. If not, leave WRITE_BACK off.",
    ),
    "finding.webhook_api": (
        "اینجا می‌توان وب‌هوک ثبت کرد یا نه. اگر نه، نشانی‌های زیر را در تنظیمات CRM وارد کنید.",
        "Whether webhooks can be registered here. If not, type the addresses below into the CRM's settings.",
    ),
    "finding.fiscal_year": (
        "سال مالی‌ای که سندها در آن ثبت می‌شود.",
        "The fiscal year into which documents are written.",
    ),
    "finding.tmpid": (
        "طرف حساب‌ها شمارهٔ مشتری CRM را با خود دارند یا نه.",
        "Whether contacts carry the CRM's customer number.",
    ),
    "finding.filters": (
        "از فهرست می‌توان با این کلید پرسید یا نه. اگر نه، همهٔ فهرست خوانده می‌شود: درست ولی کند.",
        "Whether the list can be asked by this key. If not, the whole list is read: right, and slow.",
    ),
    "finding.value.yes": ("بله", "yes"),
    "finding.value.no": ("خیر", "no"),
    "finding.value.unknown": ("نامعلوم", "unknown"),
    "finding.step": (
        "این گام بررسی با این دلیل ناموفق شد:",
        "This step of the probe failed with this reason:",
    ),
    "hooks": ("وب‌هوک‌ها", "Webhooks"),
    "hooks.off": (
        "وب‌هوک خاموش است (ENABLE_WEBHOOKS)؛ تغییرات با بررسی دوره‌ای دیده می‌شود.",
        "Webhooks are off (ENABLE_WEBHOOKS); changes are found by polling.",
    ),
    "hooks.waiting": ("منتظر نخستین پیام CRM", "Waiting for the first call"),
    "hooks.heard": ("CRM پیام می‌فرستد؛ آخرین پیام:", "The CRM calls; last heard:"),
    "hooks.no_base": (
        "WEBHOOK_BASE_URL تنظیم نشده است؛ بی آن نشانی‌ای نیست که CRM به آن پیام بفرستد.",
        "WEBHOOK_BASE_URL is not set; without it there is no address for the CRM to call.",
    ),
    "hooks.for": ("برای", "For"),
    "hooks.address": ("نشانی", "Address"),
    "hooks.api": ("ثبت با API (پیام‌های JSON)", "Registration by the API (JSON)"),
    "hooks.identity": ("مشتریان", "Customers"),
    "hooks.invoice": ("فاکتورها", "Invoices"),
    "hooks.quote": ("پیش‌فاکتورهای CRM", "Quotes"),
    "hooks.typed": (
        "اگر CRM شما API وب‌هوک ندارد، نشانی‌های مشتریان، فاکتورها و پیش‌فاکتورها را در تنظیمات خود CRM "
        "وارد کنید.",
        "If your CRM has no webhook API, type the addresses for customers, invoices and quotes into its own "
        "settings.",
    ),
    "hooks.no_token": (
        "برای CRM بدون API وب‌هوک، WEBHOOK_TOKEN را تنظیم کنید تا نشانی‌هایش اینجا بیاید.",
        "For a CRM without a webhook API, set WEBHOOK_TOKEN, and its addresses appear here.",
    ),
    "hooks.secret": ("کلید امضا", "Key for signatures"),
    "hooks.reveal": ("نمایش رمزها", "Show the secrets"),
    "hooks.hide": ("پنهان کردن", "Hide them"),
    "hooks.revealed": (
        "این صفحه رمزها را نشان می‌دهد؛ در گزارش برنامه آمده است که شما آن را خواستید.",
        "This page shows secrets; the process log says that you asked for it.",
    ),
    "hooks.copy": ("رونوشت", "Copy"),
    "hooks.list": ("اشتراک‌های ثبت‌شده در CRM", "Subscriptions in the CRM"),
    "hooks.list.show": ("دیدن اشتراک‌ها", "See the subscriptions"),
    "hooks.list.none": ("CRM هیچ اشتراکی ندارد.", "The CRM has no subscription."),
    "hooks.no_api": (
        "این CRM برای وب‌هوک API ندارد؛ نشانی‌ها را در تنظیمات خود آن وارد کنید.",
        "This CRM has no webhook API; type the addresses into its own settings.",
    ),
    "hooks.register": ("ثبت نشانی این سرویس", "Register this service's address"),
    "hooks.remove": ("حذف", "Remove"),
    "hooks.events": ("رویدادها", "Events"),
    "hooks.ours": ("همین سرویس", "this service"),
    "hooks.failed": ("CRM پاسخ درستی نداد:", "The CRM did not answer well:"),
    "settings": ("تنظیم‌ها", "Settings"),
    "settings.note": (
        "آنچه این پردازه با آن کار می‌کند. رمزها هرگز نشان داده نمی‌شود. تغییر در .env پس از شروع دوباره "
        "اثر می‌کند.",
        "What this process works with. Secrets are never shown. A change in .env counts after a restart.",
    ),
    "settings.name": ("نام", "Name"),
    "settings.value": ("مقدار", "Value"),
    "settings.source": ("از کجا", "Source"),
    "settings.meaning": ("معنی", "Meaning"),
    "settings.unset": ("—", "—"),
    "settings.secret": ("پنهان", "hidden"),
    "settings.environment": ("متغیر محیطی", "environment"),
    "settings.dotenv": ("سطر {} از .env", ".env line {}"),
    "settings.default": ("پیش‌فرض", "default"),
    "settings.file_of": ("پروندهٔ {}", "the file of {}"),
    "settings.given": ("تنظیم‌شده‌ها", "Set here"),
    "settings.defaults": ("پیش‌فرض‌ها", "Defaults"),
}
