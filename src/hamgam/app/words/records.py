"""The words of "Customers and documents": search, one record's story, and both sides of it."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "nav.records": ("مشتریان و اسناد", "Customers and documents"),
    "records.search": ("جست‌وجو", "Search"),
    "records.search.label": (
        "نام، موبایل، کد ملی، شمارهٔ مشتری، شمارهٔ سند، شناسهٔ CRM یا کد مالی",
        "Name, mobile, national id, customer or document number, CRM id or finance code",
    ),
    "records.search.label.viewer": (
        "شمارهٔ مشتری، شمارهٔ سند، شناسهٔ CRM یا کد مالی",
        "Customer or document number, CRM id or finance code",
    ),
    "records.start": ("مشتری یا سندی را پیدا کنید", "Find a customer or a document"),
    "records.start.note": (
        "هر طور که بنویسید پیدا می‌شود: با ی و ک عربی یا فارسی، رقم فارسی یا انگلیسی، با فاصله یا نیم‌فاصله، "
        "با هر ترتیب، یا فقط بخشی از نام یا شماره.",
        "Write it as you like: Arabic or Persian letters, digits of any kind, with or without spaces, "
        "in any order, and only a part of a name or number if you wish.",
    ),
    "records.start.note.viewer": (
        "شماره یا شناسه را کامل بنویسید. چون نام‌ها، تلفن‌ها و کدهای ملی برای شما پنهان‌اند، "
        "جست‌وجو در آن‌ها هم برای شما بسته است.",
        "Write a whole number or id. Names, telephone numbers and national ids are masked for you, "
        "so they are not searched either.",
    ),
    "records.none": ("چیزی پیدا نشد", "Nothing was found"),
    "records.none.note": (
        "کلمه‌های کمتری بنویسید، یا فقط چند رقم آخر شماره را. آنچه همگام هنوز از CRM یا سیستم مالی "
        "نخوانده است پیدا نمی‌شود.",
        "Try fewer words, or only the last digits of a number. What Hamgam has not read from the CRM or from "
        "finance yet is not found.",
    ),
    "records.count": ("{} نتیجه", "{} found"),
    "records.more": ("بیش از {} نتیجه", "more than {} found"),
    "records.more.note": (
        "فقط {} مورد فهرست می‌شود. اگر مورد شما میان آن‌ها نیست، کلمهٔ دیگری یا رقم‌های بیشتری بنویسید.",
        "Only {} of them are listed. If yours is not among them, add a word or some digits.",
    ),
    "records.first": ("نخستین نتیجه‌ها", "First results"),
    "records.further": ("نتیجه‌های بعدی", "More results"),
    "linked.CUSTOMER": ("مشتریان پیوندخورده", "Customers linked"),
    "linked.PREINVOICE": ("پیش‌فاکتورهای ثبت‌شده در سیستم مالی", "Pre-invoices written"),
    "linked.count": ("{} مورد، تازه‌ترین در بالا", "{}, the latest first"),
    "linked.none.CUSTOMER": ("هنوز هیچ مشتری پیوند نخورده است", "No customer is linked yet"),
    "linked.none.CUSTOMER.note": (
        "هر مشتری با «وارد کردن مشتریان» یا با نخستین همگام‌سازی‌اش پیوند می‌خورد و اینجا دیده می‌شود.",
        "The initial import links them, or the first sync of each. They then show up here.",
    ),
    "linked.none.PREINVOICE": ("هنوز هیچ پیش‌فاکتوری ثبت نشده است", "No pre-invoice is written yet"),
    "linked.none.PREINVOICE.note": (
        "هر فاکتور یا پیش‌فاکتور CRM در سیستم مالی یک پیش‌فاکتور می‌شود و اینجا دیده می‌شود.",
        "Each invoice or quote of the CRM becomes one in finance. It then shows up here.",
    ),
    "linked.end": ("این فهرست همین‌جا تمام می‌شود", "The list ends here"),
    "records.name": ("نام", "Name"),
    "records.number": ("شماره", "Number"),
    "records.last": ("آخرین نتیجه", "Last outcome"),
    "records.never": ("هنوز همگام نشده است", "Not synchronised yet"),
    "records.nameless": ("بی‌نام", "No name known"),
    "records.unknown": ("چنین موردی نیست", "There is no such record"),
    "records.unknown.note": (
        "این نشانی به مشتری یا سندی نمی‌رسد که همگام بشناسد. شاید بخشی از آن جا افتاده باشد.",
        "This address leads to no customer or document that Hamgam knows. A part of it may be missing.",
    ),
    "records.unread": ("همگام هنوز این شناسه را از CRM نخوانده است", "Hamgam has not read this CRM id yet"),
    "records.unread.note": (
        "اگر در CRM تازه ساخته شده است، همین حالا آن را همگام کنید.",
        "If it is new in the CRM, have it synchronised now.",
    ),
    "records.linked": ("پیوند دو سیستم", "Link between the systems"),
    "records.since": ("پیوندخورده از", "Linked since"),
    "records.synced": ("آخرین همگام‌سازی", "Last sync"),
    "records.by_hand": ("هرگز؛ پیوند دستی است", "never; a person has linked it"),
    "records.unlinked": ("در سیستم مالی هنوز پیوندی ندارد.", "It is not linked to finance yet."),
    "records.contact.note": (
        "این طرف حساب در CRM مشتری‌ای ندارد که همگام بشناسد.",
        "Hamgam knows no customer of the CRM for this contact.",
    ),
    "records.blocked": ("نوشتن متوقف است", "Writes are blocked"),
    "records.blocked.note": (
        "تا کسی تصمیم نگیرد چیزی در سیستم مالی نوشته نمی‌شود.",
        "Nothing is written to finance until a person decides.",
    ),
    "records.next": ("بررسی بعدی", "Next look"),
    "records.next.none": ("در صف نیست", "not in the queue"),
    "records.next.now": ("در حال بررسی است", "being looked at now"),
    "records.next.soon": ("در صف، تا نوبتش برسد", "in the queue, as soon as its turn comes"),
    "records.next.at": ("زمان‌بندی‌شده برای", "scheduled for"),
    "records.asked_by": ("به درخواست", "asked for by"),
    "records.sync": ("همین حالا همگام کن", "Sync now"),
    "records.compare": ("مقایسهٔ دو سیستم", "Compare both systems"),
    "records.reading": ("در حال خواندن…", "Reading…"),
    "records.documents": ("اسناد این مشتری", "Documents of this customer"),
    "records.story": ("تاریخچه", "History"),
    "records.story.none": ("هنوز رویدادی ثبت نشده است.", "Nothing has happened yet."),
    "records.older": ("رویدادهای پیشین", "Earlier events"),
    "records.newest": ("تازه‌ترین رویدادها", "Latest events"),
    "records.notice": ("CRM از تغییری خبر داد", "The CRM told of a change"),
    "records.did.CREATE": ("در سیستم مالی ایجاد شد", "Created in finance"),
    "records.did.UPDATE": ("در سیستم مالی به‌روز شد", "Updated in finance"),
    "records.did.LINK": ("به سیستم مالی پیوند خورد", "Linked to finance"),
    "records.back.CREATE": ("از سیستم مالی در CRM ایجاد شد", "Created in the CRM, from finance"),
    "records.back.LINK": ("با مشتری موجود در CRM پیوند خورد", "Linked to a customer that the CRM has"),
    "records.earlier_attempt": ("تلاش پیشین", "An earlier attempt"),
    "records.again": ("دوباره تلاش می‌شود", "will be tried again"),
    "records.tried.CREATE": ("ایجاد در سیستم مالی", "Create in finance"),
    "records.tried.UPDATE": ("به‌روزرسانی سیستم مالی", "Update finance"),
    "records.tried.LINK": ("پیوند با سیستم مالی", "Link to finance"),
    "records.changed": ("تغییرکرده", "changed"),
    "records.code": ("کد", "code"),
    "records.settled": ("تعیین تکلیف شد", "settled"),
    "records.settled.later": ("با همگام‌سازی بعدی", "by a later sync"),
    "records.word": ("تعیین تکلیف کرد", "settled this"),
    "records.word.exists": ("گفت در سیستم مالی هست، با کد", "said that finance has it, as"),
    "records.word.absent": ("گفت در سیستم مالی نیست", "said that finance does not have it"),
    "records.word.retried": ("به صف برگرداند", "put it back"),
    "records.word.dismissed": ("بست", "dismissed it"),
    "records.on": ("دربارهٔ", "about"),
    "records.this_sync": ("این همگام‌سازی", "this sync"),
    "compare.title": ("مقایسه", "Comparison"),
    "compare.back": ("بازگشت به تاریخچه", "Back to the history"),
    "compare.read_at": ("خوانده‌شده در", "read at"),
    "compare.field": ("فیلد", "Field"),
    "compare.same": ("یکسان", "same"),
    "compare.differs": ("متفاوت", "differs"),
    "compare.empty": ("خالی", "empty"),
    "compare.untold": ("نامعلوم", "not known"),
    "compare.crm.trouble": ("از CRM خوانده نشد", "The CRM could not be read"),
    "compare.finance.trouble": ("از سیستم مالی خوانده نشد", "Finance could not be read"),
    "compare.unreachable": (
        "این پردازش به دو سیستم دسترسی ندارد",
        "This process does not reach the remote systems",
    ),
    "compare.not_in_crm": ("این مورد اکنون در CRM نیست.", "The CRM does not have this record now."),
    "compare.not_linked": (
        "پیوندی با سیستم مالی ندارد، پس فقط مقدارهای CRM دیده می‌شود.",
        "It is not linked to finance, so only the CRM's values are shown.",
    ),
    "compare.gone": (
        "طرف حسابی که این مشتری به آن پیوند خورده دیگر در سیستم مالی نیست.",
        "The contact that this customer is linked to is not in finance any more.",
    ),
    "compare.gone.next": (
        "اگر اشتباهی حذف شده، آن را در سیستم مالی برگردانید. وگرنه از مدیر سیستم بخواهید پیوند را بردارد "
        "(`docs/troubleshooting.md`) تا معادل مشتری از نو پیدا شود.",
        "If it was deleted by mistake, restore it in finance. Otherwise have the administrator remove the "
        "link (`docs/troubleshooting.md`, Duplicates), so that the customer is matched anew.",
    ),
    "compare.written": (
        "سیستم مالی این مورد را جداگانه نشان نمی‌دهد و خوانده نشد. آخرین نوشتهٔ همگام در",
        "Finance does not show this record by itself, so it was not read. Hamgam last wrote it at",
    ),
    "compare.written_by_us": ("آخرین نوشتهٔ همگام", "Last written by Hamgam"),
    "compare.unreadable": (
        "سیستم مالی این مورد را نشان نمی‌دهد، و آنچه همگام نوشته بود دیگر در گزارش نیست.",
        "Finance does not show this record, and what Hamgam wrote is not in the log any more.",
    ),
    "compare.crm_changed": (
        "CRM پس از آخرین همگام‌سازی تغییر کرده است.",
        "The CRM has changed since the last sync.",
    ),
    "compare.finance_changed": (
        "سیستم مالی پس از آخرین همگام‌سازی تغییر کرده است؛ در همگام‌سازی بعدی مقدار CRM ملاک است.",
        "Finance has changed since the last sync; at the next one the CRM's values count.",
    ),
    "compared.same": ("اطلاعات دو سیستم یکسان است.", "Both systems hold the same."),
    "compared.differs": ("اطلاعات دو سیستم یکسان نیست.", "The two systems differ."),
    "compared.as_written": (
        "CRM با آخرین نوشتهٔ همگام در سیستم مالی یکسان است.",
        "The CRM agrees with what Hamgam last wrote to finance.",
    ),
    "compared.unlike_written": (
        "CRM با آخرین نوشتهٔ همگام در سیستم مالی یکسان نیست.",
        "The CRM differs from what Hamgam last wrote to finance.",
    ),
    "compare.lines": ("ردیف‌ها", "Lines"),
    "compare.line": ("ردیف", "Line"),
}
