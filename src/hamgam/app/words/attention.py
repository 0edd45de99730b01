"""The words of "needs attention" and of retries of many rows."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "nav.attention": ("نیازمند رسیدگی", "Needs attention"),
    "ask.none": ("چیزی نیازمند رسیدگی نیست.", "Nothing needs attention."),
    "ask.none.note": (
        "هر همگام‌سازی که ناموفق بماند، تعارض داشته باشد یا نتیجه‌اش روشن نباشد اینجا دیده می‌شود.",
        "A sync that fails for good, meets a conflict or has an unknown outcome shows up here.",
    ),
    "ask.none.filtered": ("هیچ موردی با این فیلترها نیست.", "Nothing matches these filters."),
    "ask.reasons": ("به تفکیک علت", "By reason"),
    "ask.all": ("همه", "all"),
    "ask.count": ("{} مورد", "{} in all"),
    "ask.reason": ("علت", "Reason"),
    "ask.status": ("وضعیت", "Status"),
    "ask.type": ("نوع", "Type"),
    "ask.sort": ("ترتیب", "Order"),
    "ask.newest": ("تازه‌ترین", "newest first"),
    "ask.oldest": ("قدیمی‌ترین", "oldest first"),
    "ask.filter": ("نمایش", "Show"),
    "ask.clear": ("حذف فیلترها", "Clear filters"),
    "ask.list": ("موارد", "Rows"),
    "ask.since": ("از زمان", "Since"),
    "ask.tried": ("تعداد تلاش‌ها", "Attempts"),
    "ask.times": ("{} بار تلاش", "tried {}×"),
    "ask.next": ("گام بعدی", "Next step"),
    "ask.actions": ("اقدام", "Action"),
    "ask.choose": ("انتخاب", "Choose"),
    "ask.choose.all": ("همهٔ این صفحه", "all on this page"),
    "ask.retry": ("تلاش دوباره", "Retry"),
    "ask.retry.chosen": ("تلاش دوباره برای انتخاب‌شده‌ها", "Retry the chosen"),
    "ask.dismiss.chosen": ("بستن انتخاب‌شده‌ها", "Dismiss the chosen"),
    "ask.retry.all": ("{} مورد: تلاش دوبارهٔ همه", "Retry all ({})"),
    "ask.dismiss.all": ("{} مورد: بستن همه بدون همگام‌سازی", "Dismiss all without a sync ({})"),
    "ask.left_out.retry": (
        "«تلاش دوبارهٔ همه» شامل مواردی نمی‌شود که نتیجه‌شان نامعلوم است، تصمیم جداگانه می‌خواهند یا به اجرای "
        "دوبارهٔ وارد کردن مشتریان نیاز دارند.",
        '"Retry all" leaves out those whose outcome is not known, which need a decision each, or for which '
        "the import has to run again.",
    ),
    "ask.left_out.dismiss": (
        "«بستن همه» شامل مواردی نمی‌شود که شاید در سیستم مالی ثبت شده باشند؛ هر کدام را جداگانه ببینید.",
        '"Dismiss all" leaves out those which may have been written: look at each.',
    ),
    "ask.settle": ("تعیین تکلیف", "Settle"),
    "ask.resolve": ("رفع تعارض", "Resolve"),
    "ask.dismiss": ("بستن", "Dismiss"),
    "ask.open": ("جزئیات", "Details"),
    "ask.more": ("صفحهٔ بعد", "Next page"),
    "ask.first": ("صفحهٔ اول", "First page"),
    "ask.back": ("بازگشت به فهرست", "Back to the list"),
    "ask.retried": ("{} به صف برگرداند", "put back by {}"),
    "ask.done.retried": (
        "در صف قرار گرفت و همین حالا دوباره تلاش می‌شود.",
        "It is queued and tried again now.",
    ),
    "ask.done.settled": ("ثبت شد.", "Recorded."),
    "ask.done.exists": (
        "ثبت شد: {} {} در سیستم مالی کد {} است.",
        "Recorded: {} {} is {} in finance.",
    ),
    "ask.done.absent": (
        "ثبت شد: {} {} در سیستم مالی نیست و به آن فرستاده می‌شود.",
        "Recorded: {} {} is not in finance; it is sent there.",
    ),
    "ask.done.dismissed": (
        "بسته شد. تغییر بعدی این مورد مانند همیشه بررسی می‌شود.",
        "Dismissed. The next change of the record is looked at as ever.",
    ),
    "ask.done.released": ("آزاد شد؛ بررسی دوره‌ای همین حالا انجام می‌شود.", "Let through; a poll begins now."),
    "ask.done.cancelled": ("متوقف شد.", "Stopped."),
    "ask.held": ("تغییرات نگه‌داشته‌شده", "Changes held back"),
    "ask.held.what": (
        "بررسی دوره‌ای {} تغییر پیدا کرده که بیش از {}٪ مشتریان پیوندخورده است (MAX_CHANGE_PERCENT). "
        "چنین تغییر بزرگی گاهی نتیجهٔ یک اشتباه در CRM است، پس چیزی نوشته نشد.",
        "The poll found {} changes, which is more than {} % of the linked customers (MAX_CHANGE_PERCENT). "
        "So large a change is sometimes a mistake in the CRM, so nothing was written.",
    ),
    "ask.held.next": (
        "نخست چند نمونه را در CRM ببینید. اگر درست است آن‌ها را آزاد کنید. اگر تا بررسی بعدی "
        "بیشتر شده باشند، "
        "دوباره پرسیده می‌شود.",
        "Look at a few of them in the CRM first. If they are right, let them through. Should "
        "there be more by the "
        "next poll, you are asked again.",
    ),
    "ask.held.command": ("یا با این فرمان‌ها:", "Or with these commands:"),
    "ask.held.release": ("آزاد کردن {} تغییر", "Let {} changes through"),
    "ask.held.released": (
        "{} آزاد کرد؛ بررسی بعدی آن‌ها را می‌آورد.",
        "{} has let them through; the next poll brings them.",
    ),
    "ask.stream.person": ("اشخاص", "Persons"),
    "ask.stream.organization": ("سازمان‌ها", "Organizations"),
    "ask.stream.invoice": ("فاکتورها", "Invoices"),
    "ask.stream.quote": ("پیش‌فاکتورها", "Quotes"),
    "ask.story": ("شرح کامل این همگام‌سازی", "The whole story of this sync"),
    "ask.sent": ("آنچه فرستاده شد", "What was sent"),
    "ask.meant": ("آنچه باید فرستاده می‌شد", "What was to be sent"),
    "ask.sent.at": ("زمان ارسال", "Sent at"),
    "ask.line": ("ردیف", "Line"),
    "ask.line.net": ("مبلغ", "Amount"),
    "ask.sent.number": ("شماره در CRM", "Number in the CRM"),
    "ask.sent.name": ("نام مشتری هنگام ارسال", "Customer's name when it was sent"),
    "ask.sent.renamed": ("اکنون نام دیگری دارد", "has another name now"),
    "ask.sent.key": ("شناسهٔ یکتای سند در سیاق", "Unique id of the document in Siagh"),
    "ask.sent.lost": (
        "متن سند دیگر در گزارش نیست؛ آن را در CRM ببینید.",
        "The log does not hold the document any more; look at it in the CRM.",
    ),
    "ask.sent.no_list": (
        "سیاق راهی برای پرسیدن پیش‌فاکتورها نمی‌دهد و همگام نمی‌تواند ببیند این سند ثبت شده است یا نه. در فهرست "
        "پیش‌فاکتورهای سیاق، سندی از همین مشتری با همین مبلغ و در همین ساعت را پیدا کنید.",
        "Siagh offers no way to ask for pre-invoices, so Hamgam cannot see whether this one was stored. "
        "Look in Siagh's list of pre-invoices for one of this customer, of this amount, at this time.",
    ),
    "ask.contact": ("طرف حساب {}", "Contact {}"),
    "ask.finance": ("مقایسه با آنچه اکنون در سیستم مالی است", "Compare with what finance has now"),
    "ask.finance.again": ("خواندن دوباره از دو سیستم", "Read both systems again"),
    "ask.finance.busy": ("در حال خواندن…", "Reading…"),
    "ask.finance.customer": (
        "مقایسهٔ مشتری این سند در دو سیستم",
        "Compare this document's customer in both systems",
    ),
    "ask.finance.by_code": (
        "با دانستن کد طرف حساب باز هم می‌توانید تصمیم بگیرید؛ آن را در خود سیاق ببینید.",
        "You can still decide by the code: look the contacts up in Siagh itself.",
    ),
    "ask.crm.gone": (
        "این مشتری دیگر در CRM نیست.",
        "The CRM does not have this customer any more.",
    ),
    "ask.finance.gone": (
        "طرف حسابی با این کد دیگر در سیستم مالی نیست.",
        "Finance has no contact with this code any more.",
    ),
    "ask.finance.unseen": (
        "این نسخهٔ سیستم مالی طرف حساب‌ها را جداگانه نشان نمی‌دهد؛ این کد را در خود سیاق ببینید.",
        "This build of finance does not show single contacts; look this code up in Siagh itself.",
    ),
    "ask.finance.inactive": (
        "این طرف حساب در سیستم مالی غیرفعال است.",
        "This contact is inactive in finance.",
    ),
    "ask.title.doubt": ("در سیستم مالی هست؟", "Is it in finance?"),
    "ask.title.AMBIGUOUS_MATCH": ("این مشتری کدام‌یک از آن‌هاست؟", "Which of them is it?"),
    "ask.title.MATCH_TAKEN": ("این مشتری در سیستم مالی کدام است؟", "Which one is it in finance?"),
    "ask.title.KIND_MISMATCH": ("این مشتری همین طرف حساب است؟", "Is it this contact?"),
    "ask.title.OTHER_CODE": ("کدام‌یک می‌ماند؟", "Which of the two stays?"),
    "ask.title.REVIEW_REQUIRED": ("دو سند با هم می‌خوانند؟", "Do the two agree?"),
    "ask.what.doubt": (
        "سند فرستاده شد ولی پاسخی نرسید. با «آنچه فرستاده شد» در سیاق دنبالش بگردید: اگر ثبت شده کد آن را "
        "بنویسید، وگرنه بگویید دوباره فرستاده شود.",
        "It was sent and no answer came. Look in Siagh for what was sent: if it is there, enter its code; "
        "if not, have it sent again.",
    ),
    "ask.what.AMBIGUOUS_MATCH": (
        "این طرف حساب‌ها شماره یا کد ملی همین مشتری را دارند. یکی را انتخاب کنید، یا بگویید هیچ‌کدام نیست.",
        "These contacts have the number or national id of this customer. Choose one, or say that it is none.",
    ),
    "ask.what.MATCH_TAKEN": (
        "طرف حسابی که پیدا شد به مشتری دیگری پیوند خورده است. اگر طرف حساب دیگری است کدش را بنویسید.",
        "The contact that was found is linked to another customer. If it is another contact, enter its code.",
    ),
    "ask.what.KIND_MISMATCH": (
        "یکی شخص حقیقی است و دیگری شخص حقوقی. اگر با این حال همین است، آن را انتخاب کنید.",
        "One is a person, the other an organization. If it is this contact all the same, choose it.",
    ),
    "ask.what.OTHER_CODE": (
        "یکی از این دو را در سیستم مالی حذف و آن را که می‌ماند انتخاب کنید.",
        "Remove one of the two in finance, and choose the one that stays.",
    ),
    "ask.what.REVIEW_REQUIRED": (
        "اگر لازم است پیش‌فاکتور را در سیستم مالی اصلاح کنید، سپس بگویید که با هم می‌خوانند.",
        "Correct the pre-invoice in finance where it should follow, then say that they agree.",
    ),
    "ask.agree": ("با هم می‌خوانند", "They agree"),
    "ask.codes": ("طرف حساب‌های سیستم مالی: {}", "Contacts in finance: {}"),
    "ask.exists": ("در سیستم مالی هست، با کد", "It is in finance, with the code"),
    "ask.exists.key": (
        "کد، شناسه‌ای است که سیاق هنگام ذخیره به سند داده است، مانند ۱۵۴۶۶؛ با شمارهٔ سند فرق دارد.",
        "The code is the key that Siagh gave the document when it was saved, such as 15466. "
        "It is not the document's number.",
    ),
    "ask.exists.send": ("همین است", "This is it"),
    "ask.this": ("کد {}", "Code {}"),
    "ask.taken": ("به مورد دیگری پیوند خورده است", "linked to another record already"),
    "ask.other": ("کد دیگر", "Another code"),
    "ask.absent": ("در سیستم مالی نیست؛ دوباره بفرست", "It is not in finance; send it again"),
    "ask.absent.none": ("هیچ‌کدام نیست؛ طرف حساب تازه بساز", "It is none of them; make a new contact"),
    "sure.exists.CUSTOMER": (
        "{} {} در سیستم مالی کد {} است؛ درست است؟",
        "{} {} is {} in finance: correct?",
    ),
    "sure.exists.PREINVOICE": (
        "{} {} در سیستم مالی با کد {} ثبت شده است؛ درست است؟",
        "{} {} is in finance with the code {}: correct?",
    ),
    "sure.exists.REVIEW_REQUIRED": (
        "{} {} و سند {} سیستم مالی با هم می‌خوانند؛ درست است؟",
        "{} {} agrees with {} in finance: correct?",
    ),
    "sure.absent.CUSTOMER": ("برای {} {} طرف حساب تازه ساخته شود؟", "{} {}: make a new contact?"),
    "sure.absent.PREINVOICE": ("{} {} دوباره فرستاده شود؟", "{} {}: send it again?"),
    "sure.then.exists.CUSTOMER": (
        "از این پس اطلاعات این مشتری از CRM روی همین طرف حساب نوشته می‌شود. این پاسخ را نمی‌توان پس گرفت.",
        "From now on the customer's values in the CRM are written to it. You cannot take this back.",
    ),
    "sure.then.exists.PREINVOICE": (
        "همگام سند را به همین کد پیوند می‌دهد و پیش‌فاکتور دیگری نمی‌سازد. این پاسخ را نمی‌توان پس گرفت.",
        "Hamgam links it to this code and makes no other pre-invoice. You cannot take this back.",
    ),
    "sure.then.exists.REVIEW_REQUIRED": (
        "همگام این دو را یکسان می‌داند تا سند دوباره در CRM تغییر کند.",
        "Hamgam takes them as equal until the document changes in the CRM again.",
    ),
    "sure.then.absent.CUSTOMER": (
        "اگر این مشتری در سیستم مالی باشد، پس از این دو بار آنجا خواهد بود. این پاسخ را نمی‌توان پس گرفت.",
        "If the customer is in finance after all, it will then be there twice. You cannot take this back.",
    ),
    "sure.then.absent.PREINVOICE": (
        "اگر این سند در سیستم مالی باشد، پس از این دو بار آنجا خواهد بود. این پاسخ را نمی‌توان پس گرفت.",
        "If it is in finance after all, it will then be there twice. You cannot take this back.",
    ),
    "sure.yes.exists.CUSTOMER": ("بله، همین است", "Yes, this is it"),
    "sure.yes.exists.PREINVOICE": ("بله، همین است", "Yes, this is it"),
    "sure.yes.exists.REVIEW_REQUIRED": ("بله، با هم می‌خوانند", "Yes, they agree"),
    "sure.yes.absent.CUSTOMER": ("بله، طرف حساب تازه بساز", "Yes, make a new contact"),
    "sure.yes.absent.PREINVOICE": ("بله، دوباره بفرست", "Yes, send it again"),
    "step.of_import": (
        "نوع، شماره یا کد ملی را در یکی از دو سیستم اصلاح و وارد کردن مشتریان را دوباره اجرا کنید؛ اگر کاری "
        "لازم نیست، این مورد را ببندید.",
        "Correct the kind, the number or the national id in one of the two systems and run the import again; "
        "where nothing has to be done, dismiss the row.",
    ),
    "step.AMBIGUOUS_MATCH": (
        "بگویید این مشتری کدام‌یک از آن‌هاست یا هیچ‌کدام نیست؛ یا شماره و کد ملی را فقط برای طرف حساب درست "
        "نگه دارید و دوباره تلاش کنید.",
        "Say which one it is, or that it is none of them; or leave the number or national id with the right "
        "contact only and retry.",
    ),
    "step.MATCH_TAKEN": (
        "معمولاً یک مشتری دو بار ثبت شده یا دو مشتری یک شماره دارند. آن را اصلاح و دوباره تلاش کنید، یا "
        "بگویید معادل آن در سیستم مالی کدام است یا آنجا نیست.",
        "Often one customer was entered twice, or two share a number. Correct that and retry, or say which "
        "other record of finance it is, or that it is absent.",
    ),
    "step.KIND_MISMATCH": (
        "نوع مشتری، شماره یا کد ملی را در یکی از دو سیستم اصلاح و دوباره تلاش کنید، یا بگویید همین طرف حساب "
        "است یا در سیستم مالی نیست.",
        "Correct the kind, the number or the national id in one of them and retry, or say that it is this "
        "contact, or that it is absent.",
    ),
    "step.OTHER_CODE": (
        "هر دو کد در پیام آمده است. یکی را در سیستم مالی حذف کنید و بگویید کدام می‌ماند.",
        "The message names both codes. Remove one of the two in finance, and say which one stays.",
    ),
    "step.IN_DOUBT": (
        "سیستم مالی را ببینید و تلاش پیشین را در «نیازمند رسیدگی» تعیین تکلیف کنید: آنجا ثبت شده است یا نه.",
        'Look in finance and settle the earlier row under "Needs attention": it is there, or it is not.',
    ),
    "step.REVIEW_REQUIRED": (
        "دو سند را با هم مقایسه کنید، اگر لازم است پیش‌فاکتور را در سیستم مالی اصلاح کنید و بگویید که با هم "
        "می‌خوانند.",
        "Compare the two, change the pre-invoice in finance if it should follow, and say that it agrees.",
    ),
    "step.ANSWER_LOST.CUSTOMER": (
        "دوباره تلاش کنید؛ مشتری پیش از ارسال دوباره در سیستم مالی جست‌وجو می‌شود.",
        "Retry: the customer is looked up in finance before it is sent again.",
    ),
    "step.ANSWER_LOST.PREINVOICE": (
        "پیش‌فاکتور را در سیستم مالی پیدا کنید و بگویید آنجا هست یا نه.",
        "Look for the pre-invoice in finance, and say whether it is there.",
    ),
    "ask.dismiss.title": ("بستن بدون همگام‌سازی", "Dismiss without a sync"),
    "ask.dismiss.what": (
        "این مورد از فهرست برداشته می‌شود و همین نسخه دیگر خودبه‌خود بررسی نمی‌شود. تغییر بعدی "
        "در CRM مانند همیشه "
        "همگام می‌شود.",
        "The row leaves the list, and this version is not looked at by itself any more. The next "
        "change in the CRM "
        "is synchronised as ever.",
    ),
    "ask.note": ("یادداشت", "Note"),
    "ask.nothing": (
        "اینجا کاری نمی‌توان انجام داد؛ گام بعدی بالا را ببینید.",
        "Nothing can be done here; see the next step above.",
    ),
    "ask.read_only": ("برای اقدام، نقش «متصدی» لازم است.", "Acting needs the role operator."),
    "ask.resolved": ("تعیین تکلیف‌شده", "Settled"),
    "ask.resolved.by": ("توسط {} در", "by {} at"),
    "ask.resolved.sync": ("با یک همگام‌سازی بعدی، در", "by a later sync, at"),
    "ask.said.exists": ("در سیستم مالی با کد {} هست", "it is {} in finance"),
    "ask.said.absent": ("در سیستم مالی نیست", "it is not in finance"),
    "ask.said.dismissed": ("بسته شد: {}", "dismissed: {}"),
    "ask.said.retried": ("به صف برگردانده شد", "put back"),
    "ask.goes_on": ("در جریان است", "It is under way"),
    "ask.refused": ("کاری انجام نشد", "Nothing was changed"),
    "ask.refused.unknown": ("چنین موردی در گزارش نیست.", "There is no such row in the log."),
    "ask.refused.settled": ("در این فاصله تعیین تکلیف شده است.", "It was settled meanwhile."),
    "ask.refused.goes on": (
        "در این فاصله دوباره در صف قرار گرفته است.",
        "It was put back meanwhile, and is under way.",
    ),
    "ask.refused.changed": (
        "پس از باز شدن آن صفحه یک بار دیگر تلاش شده است و این نتیجهٔ تازه است:",
        "It was tried again since that page was opened; this is the new outcome:",
    ),
    "ask.refused.busy": (
        "همین حالا در حال همگام‌سازی است. چند لحظهٔ دیگر دوباره ببینید.",
        "It is being synchronised in this moment. Look again in a moment.",
    ),
    "ask.refused.taken": (
        "این کد در سیستم مالی به مورد دیگری از CRM پیوند خورده است.",
        "This finance code is linked to another record of the CRM already.",
    ),
    "ask.refused.not thus": (
        "این کار برای این مورد ممکن نیست.",
        "This cannot be done with this row.",
    ),
    "ask.refused.code": (
        "کد سیستم مالی باید عدد باشد، مانند ۱۵۴۶۲.",
        "A finance code is a number such as 15462.",
    ),
    "ask.refused.query": ("نشانی این صفحه درست نیست: {}", "The address of this page is wrong: {}"),
    "ask.refused.held": (
        "تعداد تغییرات نگه‌داشته‌شده دیگر همان نیست. فهرست را دوباره ببینید.",
        "There are not as many changes held back any more. Look at the list again.",
    ),
    "ask.refused.bulk": ("چنین کاری ثبت نشده است.", "There is no such action."),
    "ask.now": ("وضعیت کنونی", "It is now"),
    "ask.later": ("آخرین همگام‌سازی همین مورد", "The latest sync of this record"),
    "bulk.confirm.retry": ("تلاش دوباره برای {} مورد؟", "Retry {} in all?"),
    "bulk.confirm.dismiss": ("بستن {} مورد؟", "Dismiss {} in all?"),
    "bulk.none.retry": ("موردی برای تلاش دوباره نیست", "There is nothing to retry"),
    "bulk.none.dismiss": ("موردی برای بستن نیست", "There is nothing to dismiss"),
    "bulk.what.retry": (
        "این موارد به نام شما در صف قرار می‌گیرند. موردی که از این پس ناموفق شود به آن‌ها افزوده نمی‌شود.",
        "They are queued in your name. What fails from now on is not added.",
    ),
    "bulk.what.dismiss": (
        "این موارد به نام شما و با یک یادداشت از فهرست برداشته می‌شوند و همین نسخه‌شان دیگر خودبه‌خود بررسی "
        "نمی‌شود. تغییر بعدی هر کدام در CRM مانند همیشه همگام می‌شود.",
        "They leave the list in your name, with one note, and these versions are not looked at by themselves "
        "any more. The next change of each in the CRM is synchronised as ever.",
    ),
    "bulk.left_out.retry": (
        "مواردی که نتیجه‌شان نامعلوم است، تصمیم جداگانه می‌خواهند یا به اجرای دوبارهٔ وارد کردن مشتریان نیاز "
        "دارند، شامل این کار نمی‌شوند.",
        "Those are left out whose outcome is not known, which need a decision each, or for which the import "
        "has to run again.",
    ),
    "bulk.left_out.dismiss": (
        "مواردی که شاید در سیستم مالی ثبت شده باشند شامل این کار نمی‌شوند و باید جداگانه بررسی شوند.",
        "Those are left out which may have been written: each has to be looked at.",
    ),
    "bulk.note": ("یادداشت برای همه", "Note for all of them"),
    "bulk.changed": (
        "در این فاصله تعداد آن‌ها از {} به {} رسیده است. آیا هنوز می‌خواهید ادامه دهید؟",
        "Meanwhile their number has changed from {} to {}. Do you still want it?",
    ),
    "bulk.go.retry": ("تلاش دوباره برای {} مورد", "Retry ({})"),
    "bulk.go.dismiss": ("بستن {} مورد", "Dismiss ({})"),
    "bulk.no": ("انصراف", "No, go back"),
    "bulk.title.retry": ("تلاش دوبارهٔ گروهی", "Retry of many rows"),
    "bulk.title.dismiss": ("بستن گروهی", "Dismissal of many rows"),
    "bulk.latest": ("آخرین کارهای گروهی", "Latest actions on many rows"),
    "bulk.progress": ("{} از {} به پایان رسیده است", "{} of {} have ended"),
    "bulk.running": ("در حال انجام", "Running"),
    "bulk.over": ("پایان یافت", "Over"),
    "bulk.cancelled": ("متوقف شد", "Stopped"),
    "bulk.by": ("به درخواست", "Asked for by"),
    "bulk.began": ("آغاز", "Begun"),
    "bulk.cancel": ("توقف", "Stop"),
    "bulk.cancelled.by": ("توقف توسط", "Stopped by"),
    "bulk.stages": ("وضعیت موارد", "Where the rows are"),
    "bulk.stage.ASKED": ("هنوز نوبتش نرسیده است", "Asked for"),
    "bulk.stage.QUEUED": ("در صف", "Queued"),
    "bulk.stage.RUNNING": ("در حال همگام‌سازی", "Being synchronised"),
    "bulk.stage.SUCCESS": ("موفق", "Succeeded"),
    "bulk.stage.SKIPPED": ("دیگر کاری لازم نبود", "Nothing left to do"),
    "bulk.stage.FAILED": ("باز هم ناموفق", "Failed again"),
    "bulk.stage.DISMISSED": ("بسته شد", "Dismissed"),
    "bulk.stage.LEFT_ALONE": (
        "تغییری نکرد، چون کسی زودتر رسیده یا مشغول آن بود",
        "Left alone: somebody else was faster or is at it",
    ),
    "bulk.stage.NOT_DONE": ("پیش از نوبت متوقف شد", "Stopped before its turn"),
    "bulk.stage.none": ("اکنون موردی اینجا نیست.", "Nothing is here now."),
    "bulk.reload": ("تازه‌سازی", "Refresh"),
    "bulk.chosen": ("موارد انتخاب‌شده", "chosen rows"),
}
