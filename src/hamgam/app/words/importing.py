"""The words of the import."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "nav.import": ("وارد کردن مشتریان", "Import"),
    "import.title": ("وارد کردن مشتریان از سیستم مالی به CRM", "Customers from finance into the CRM"),
    "import.new": ("اجرای تازه", "Begin"),
    "import.new.note": (
        "نخست پیش‌نمایش بگیرید: هر دو سیستم خوانده می‌شود و چیزی نوشته نمی‌شود.",
        "Make a plan first: both systems are read, and nothing is written.",
    ),
    "import.finished": ("آخرین اجرای کامل:", "An import has finished:"),
    "import.finished.note": (
        "اجرای بعدی فقط آنچه را از آن پس افزوده شده است وارد می‌کند.",
        "Another brings in only what is new since.",
    ),
    "import.limit": ("حداکثر تعداد مشتری", "At most so many customers"),
    "import.limit.none": ("همه", "all"),
    "import.force": (
        "حتی اگر تعداد مشتریان تازه غیرعادی باشد",
        "Even if suspiciously many are new",
    ),
    "import.mistyped.limit": (
        "حداکثر تعداد باید عددی صحیح از ۱ تا {} باشد. برای وارد کردن همه، آن را خالی بگذارید.",
        "“At most” takes a whole number from 1 to {}. Leave it empty for all.",
    ),
    "import.mistyped.run": (
        "فرم کامل به اینجا نرسید. لطفاً همین فرم را دوباره بفرستید.",
        "The form did not arrive whole. Please send this one again.",
    ),
    "import.make_plan": ("پیش‌نمایش (بدون نوشتن)", "Make a plan (writes nothing)"),
    "import.to_confirm": ("وارد کردن…", "Start the import…"),
    "import.confirm": ("تأیید وارد کردن مشتریان", "Confirm the import"),
    "import.confirm.counts": (
        "طبق پیش‌نمایش، {} مشتری در CRM ایجاد و {} مشتری موجود پیوند داده می‌شود.",
        "By the plan, created in the CRM: {}; linked, as they exist there: {}.",
    ),
    "import.confirm.rest": (
        "{} مورد کنار گذاشته می‌شود و {} مورد تعارض دارد.",
        "{} are left out, and {} are conflicts.",
    ),
    "import.confirm.limit": (
        "از این میان حداکثر {} مورد انجام می‌شود.",
        "Of these, {} are done at most.",
    ),
    "import.confirm.asked": (
        "این بار حداکثر {} مشتری خواسته شده است.",
        "This time, the most that was asked for is {}.",
    ),
    "import.confirm.made": ("زمان پیش‌نمایش:", "The plan of"),
    "import.confirm.undo": (
        "همگام مشتریانی را که ایجاد کرده است هرگز حذف نمی‌کند. کار را هر زمان می‌توان متوقف کرد و ادامه داد.",
        "Hamgam never deletes what it has created. The import can be stopped and resumed at any time.",
    ),
    "import.doubt.NO_PLAN": (
        "هنوز پیش‌نمایشی گرفته نشده است، پس تعداد معلوم نیست. بهتر است نخست پیش‌نمایش بگیرید.",
        "There is no plan, so nobody knows how many there will be. Better make one first.",
    ),
    "import.doubt.OTHER_LIMIT": (
        "آخرین پیش‌نمایش برای تعداد کمتری گرفته شده است و نمی‌گوید این بار چند مشتری وارد می‌شود. "
        "بهتر است پیش‌نمایش تازه بگیرید.",
        "The newest plan was made for fewer customers, so it does not say how many there will be this time. "
        "Better make a new one.",
    ),
    "import.doubt.WRITTEN_SINCE": (
        "پس از آخرین پیش‌نمایش مشتریانی وارد شده‌اند، پس عددهای آن دیگر درست نیست. "
        "بهتر است پیش‌نمایش تازه بگیرید.",
        "Customers were imported after the newest plan, so its numbers do not hold any more. "
        "Better make a new one.",
    ),
    "import.doubt.OLD": (
        "از آخرین پیش‌نمایش بیش از یک روز گذشته است و شاید عددهای آن دیگر درست نباشد. "
        "بهتر است پیش‌نمایش تازه بگیرید.",
        "The newest plan is more than a day old, so its numbers may not hold any more. "
        "Better make a new one.",
    ),
    "import.nothing": (
        "طبق پیش‌نمایش، مشتری تازه‌ای برای وارد کردن نیست.",
        "By the plan, there is nothing to create and nothing to link.",
    ),
    "import.start.planned": ("وارد کردن همین مشتریان…", "Import these…"),
    "import.start.count": ("شروع: ایجاد {} و پیوند {}", "Start: create {} and link {}"),
    "import.start.limit": ("شروع: حداکثر {}", "Start: at most {}"),
    "import.start.unplanned": ("شروع بدون پیش‌نمایش", "Start without a plan"),
    "import.back": ("بازگشت", "Back"),
    "import.stop": ("توقف", "Stop"),
    "import.resume": ("ادامه", "Resume"),
    "import.kind.plan": ("پیش‌نمایش (بدون نوشتن)", "Plan (writes nothing)"),
    "import.kind.import": ("وارد کردن مشتریان", "Import"),
    "import.state.WAITING": ("در نوبت", "Waiting for a worker"),
    "import.state.RUNNING": ("در حال انجام", "Running"),
    "import.state.SILENT": ("بی‌خبر", "Silent"),
    "import.state.STOPPED": ("متوقف", "Stopped"),
    "import.state.FAILED": ("ناتمام", "Broke off"),
    "import.state.DONE": ("پایان یافت", "Done"),
    "import.current": ("اکنون", "Now"),
    "import.last": ("آخرین اجرا", "The last run"),
    "import.this": ("این اجرا", "This run"),
    "import.history": ("اجراهای پیشین", "History"),
    "import.none": (
        "هنوز مشتری‌ای وارد نشده است. با گرفتن پیش‌نمایش آغاز کنید.",
        "Nothing has been imported yet. Begin with a plan.",
    ),
    "import.reading": ("خواندن هر دو سیستم…", "Reading both systems…"),
    "import.progress": ("پیشرفت", "Progress"),
    "import.of": ("{} از {}", "{} of {}"),
    "import.rate": ("{} مورد در ثانیه", "{} a second"),
    "import.left.seconds": ("حدود {} ثانیه مانده است", "about {} seconds left"),
    "import.left.minutes": ("حدود {} دقیقه مانده است", "about {} minutes left"),
    "import.left.hours": ("حدود {} ساعت مانده است", "about {} hours left"),
    "import.ends_at": ("پایان:", "ends at"),
    "import.waits": ("منتظر بازگشت سیستم مقابل است:", "It waits for the remote system to come back:"),
    "import.stopping": (
        "{} خواسته است که متوقف شود؛ آنچه در دست انجام است تمام می‌شود.",
        "{} has asked it to stop; what is in flight is finished.",
    ),
    "import.stopped_by": ("{} آن را متوقف کرد.", "{} stopped it."),
    "import.can_resume": (
        "آنچه نوشته شده محفوظ است و می‌توان از همان‌جا ادامه داد.",
        "What was written is kept, and it can go on from there.",
    ),
    "import.plan_anew": ("پیش‌نمایش تازه بگیرید.", "Make a new plan."),
    "import.silent": ("آخرین خبر از این اجرا:", "Nothing has been heard of this run since"),
    "import.silent.command": (
        "با فرمان `hamgam initial-import` آغاز شده است. اگر آن فرمان بسته شده، "
        "مدیر می‌تواند همین‌جا «توقف» را بزند؛ آنچه نوشته شده محفوظ است.",
        "It was begun by the command `hamgam initial-import`. If that has ended, an admin can end the run "
        "here: press Stop. What was written is kept.",
    ),
    "import.silent.worker": (
        "اگر پردازش آن از کار افتاده باشد، پردازش دیگری تا یک دقیقهٔ دیگر آن را ادامه می‌دهد. "
        "لازم نیست کاری کنید.",
        "If its process has died, another goes on with it within a minute. There is nothing to do.",
    ),
    "import.silent.nobody": (
        "همین که همگام دوباره روشن شود، از همان‌جا ادامه می‌یابد.",
        "As soon as a worker runs again, it goes on from there.",
    ),
    "import.no_worker": (
        "هیچ اجراکننده‌ای روشن نیست، پس کاری پیش نمی‌رود. `hamgam start` یا `hamgam worker` را اجرا کنید.",
        "No worker is running, so nothing goes on. Run `hamgam start` or `hamgam worker`.",
    ),
    "import.unseen": ("{} طرف حساب هنوز بررسی نشده است.", "Contacts not looked at yet: {}."),
    "import.unseen.limit": (
        "{} طرف حساب بررسی نشد، چون حداکثر تعداد پر شد.",
        "Contacts not looked at, as the limit was reached: {}.",
    ),
    "import.created": ("ایجاد شد", "Created"),
    "import.linked": ("پیوند داده شد", "Linked"),
    "import.skipped": ("کنار گذاشته شد", "Left out"),
    "import.failed": ("ناموفق یا تعارض", "Failed or conflict"),
    "import.plan.created": ("ایجاد می‌شود", "Would be created"),
    "import.plan.linked": ("پیوند داده می‌شود", "Would be linked"),
    "import.plan.skipped": ("کنار گذاشته می‌شود", "Would be left out"),
    "import.plan.failed": ("تعارض دارد", "Conflicts"),
    "import.contacts": ("طرف حساب‌های پیش‌نمایش", "Contacts of the plan"),
    "import.contacts.plan": ("پیش‌نمایش", "The plan of"),
    "import.contacts.further": ("بعدی‌ها", "More"),
    "import.contacts.none": (
        "در این فهرست چیزی نیست. فهرست هر پیش‌نمایش تا گرفتن پیش‌نمایش بعدی نگه داشته می‌شود.",
        "Nothing is in this list. The list of a plan is kept until the next plan is made.",
    ),
    "import.contacts.no_more": ("فهرست به پایان رسیده است.", "The list ends here."),
    "import.reasons": ("علت", "Reason"),
    "import.count": ("تعداد", "Contacts"),
    "import.total": ("طرف حساب‌های سیستم مالی", "Contacts in finance"),
    "import.started": ("شروع", "Started"),
    "import.ended": ("پایان", "Ended"),
    "import.by": ("به درخواست", "Asked for by"),
    "import.by.command": ("خط فرمان", "the command line"),
    "import.resumed": ("ادامه به درخواست", "Resumed by"),
    "import.options": ("گزینه‌ها", "Options"),
    "import.options.limit": ("حداکثر {}", "at most {}"),
    "import.options.again": ("فقط موارد تازه", "only what is new"),
    "import.options.force": ("حتی اگر غیرعادی باشد", "even if suspicious"),
    "import.refused": ("انجام نشد", "Not done"),
    "import.trouble.RUNS_ALREADY": (
        "یک اجرا در جریان یا در نوبت است؛ همان را در پایین می‌بینید.",
        "An import runs or waits already; you see it below.",
    ),
    "import.trouble.FINISHED_BEFORE": (
        "مشتریان پیش‌تر به طور کامل وارد شده‌اند. اگر دوباره شروع کنید، فقط موارد تازه وارد می‌شود.",
        "An import has finished before. Start again, and it brings in only what is new.",
    ),
    "import.trouble.TOO_MANY_NEW": (
        "تعداد مشتریان تازه از حد MAX_CHANGE_PERCENT بیشتر است و چیزی نوشته نشد. پیش‌نمایش را ببینید؛ "
        "اگر درست است، با گزینهٔ «حتی اگر تعداد مشتریان تازه غیرعادی باشد» شروع کنید.",
        "More customers are new than MAX_CHANGE_PERCENT allows, and nothing was written. Look at the plan; "
        "if it is right, start with “even if suspiciously many are new”.",
    ),
    "import.trouble.DIED": (
        "پردازش آن پیش از پایان کار بسته شد.",
        "Its process ended before it did.",
    ),
    "import.trouble.NOT_OPEN": ("این اجرا پایان یافته است.", "This import has ended."),
    "import.trouble.NOT_AT_REST": (
        "فقط اجرای متوقف یا ناتمام را می‌توان ادامه داد.",
        "Only an import that was stopped or broke off can go on.",
    ),
}
