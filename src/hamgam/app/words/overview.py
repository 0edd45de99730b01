"""The words of the overview."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "customers": ("مشتری پیوندخورده", "Customers linked"),
    "preinvoices": ("پیش‌فاکتور ثبت‌شده", "Pre-invoices written"),
    "queue": ("در صف", "In the queue"),
    "queue.note": ("قدیمی‌ترین: {} ثانیه", "oldest: {} s"),
    "queue.empty": ("صف خالی است", "nothing waits"),
    "attention": ("نیازمند رسیدگی", "Needs attention"),
    "attention.none": ("همه چیز روبه‌راه است", "all is well"),
    "attention.some": ("یک نفر باید تصمیم بگیرد", "a person has to decide"),
    "last_poll": ("آخرین بررسی دوره‌ای", "Last poll"),
    "poll.cursor": ("تغییرات CRM تا", "CRM changes up to"),
    "poll.held": ("متوقف: {} تغییر مشکوک", "held back: {} suspicious changes"),
    "today": ("همگام‌سازی‌های امروز", "Syncs today"),
    "today.none": ("امروز هنوز چیزی همگام نشده است.", "Nothing has been synchronised today."),
    "recent": ("آخرین همگام‌سازی‌ها", "Latest syncs"),
    "recent.none": (
        "هنوز چیزی همگام نشده است. نخستین تغییر همین‌جا دیده می‌شود.",
        "Nothing has been synchronised yet. The first change shows up here.",
    ),
    "updated": ("به‌روز شد", "updated"),
    "state.ok": ("برقرار", "Connected"),
    "state.unknown": ("هنوز تماسی نبوده", "Not contacted yet"),
    "last_contact": ("آخرین پاسخ", "Last answer"),
    "never": ("هنوز هیچ", "never"),
}
