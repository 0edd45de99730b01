"""The words of requests that are refused: what happened, and what to do."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "refused.back": ("بازگشت", "Go back"),
    "refused.again": ("بارگذاری دوباره", "Load it again"),
    "refused.400": ("این درخواست درست نیست", "This request is not right"),
    "refused.400.note": (
        "نشانی یا فرم چیزی دارد که این صفحه نمی‌شناسد. کاری انجام نشد.",
        "The address or the form holds something that this page cannot read. Nothing was done.",
    ),
    "refused.password": ("گذرواژهٔ داشبورد لازم است", "The dashboard's password is needed"),
    "refused.password.note": (
        "صفحه را دوباره باز کنید و گذرواژه‌ای را که از مدیر گرفته‌اید وارد کنید.",
        "Load the page again and type the password that the admin has given you.",
    ),
    "refused.token": ("این توکن پذیرفته نیست", "This token is not accepted"),
    "refused.token.note": (
        "توکن ناشناخته یا باطل‌شده است. از مدیر توکن تازه بگیرید.",
        "It is unknown or revoked. Ask an admin for a new one.",
    ),
    "refused.role": ("نقش شما اجازهٔ این کار را ندارد", "Your role may not do this"),
    "refused.role.note": (
        "کاری انجام نشد. اگر این کار با شماست، از مدیر بخواهید نقش شما را تغییر دهد.",
        "Nothing was done. If this is your task, ask an admin for another role.",
    ),
    "refused.old": ("این صفحه قدیمی شده بود", "This page was too old"),
    "refused.old.note": (
        "کاری انجام نشد. به صفحه برگردید و دوباره انجام دهید. مرورگر باید کوکی‌های این نشانی را بپذیرد.",
        "Nothing was done. Go back and do it again. The browser has to accept cookies of this address.",
    ),
    "refused.foreign": ("این درخواست از سایت دیگری آمد", "This came from another site"),
    "refused.foreign.note": (
        "کاری انجام نشد. اگر خودتان آن را می‌خواستید، از صفحه‌های همگام انجامش دهید.",
        "Nothing was done. If you did want it, do it on a page of Hamgam.",
    ),
    "refused.404": ("چنین صفحه‌ای نیست", "There is no such page"),
    "refused.404.note": (
        "شاید نشانی ناقص کپی شده یا آنچه نشان می‌داد دیگر نیست.",
        "Perhaps the address was cut short, or what it showed is there no more.",
    ),
    "refused.405": ("این نشانی صفحه‌ای ندارد", "This address has no page"),
    "refused.405.note": (
        "فقط فرم‌ها به این نشانی فرستاده می‌شوند. کاری انجام نشد.",
        "Only forms are sent to it. Nothing was done.",
    ),
    "refused.409": ("در این فاصله چیزی تغییر کرد", "Something has changed meanwhile"),
    "refused.409.note": (
        "کاری انجام نشد. برگردید و وضعیت کنونی را ببینید.",
        "Nothing was done. Go back and look at how it stands now.",
    ),
    "refused.413": ("آنچه فرستادید بیش از اندازه بزرگ است", "What was sent is too large"),
    "refused.413.note": (
        "کاری انجام نشد. موارد کمتری را انتخاب کنید و دوباره بفرستید.",
        "Nothing was done. Choose fewer, then send again.",
    ),
    "refused.host": (
        "این نشانی برای همگام تعریف نشده است",
        "This is not an address of Hamgam",
    ),
    "refused.host.note": (
        "با localhost، HOST یا WEBHOOK_BASE_URL باز کنید، یا با فرمان `hamgam user add` کاربر بسازید.",
        "Open it by localhost, HOST or WEBHOOK_BASE_URL, or add a user with `hamgam user add`.",
    ),
    "refused.429": ("درخواست‌ها پشت سر هم بود", "Too many at once"),
    "refused.429.note": (
        "کاری انجام نشد. {} ثانیه صبر کنید و دوباره تلاش کنید.",
        "Nothing was done. Wait {} seconds, then try again.",
    ),
    "refused.500": ("در همگام خطایی رخ داد", "Something went wrong in Hamgam"),
    "refused.500.note": (
        "شاید کار نیمه‌تمام مانده باشد؛ پیش از تکرار، نتیجه را ببینید. "
        "جای خطا در گزارش برنامه ثبت شده است؛ اگر تکرار شد، به مسئول سیستم بگویید.",
        "It may be half done: look before you repeat it. The program's log says where it was; "
        "if it happens again, tell whoever looks after Hamgam.",
    ),
    "refused.out-of-reach": (
        "این سرویس به CRM و سیستم مالی وصل نیست",
        "This service does not reach the systems",
    ),
    "refused.out-of-reach.note": (
        "کاری انجام نشد. نشانی و حساب CRM و سیستم مالی را در تنظیم‌های همین سرویس وارد کنید.",
        "Nothing was done. Enter the addresses and logins of the CRM and of finance in its settings.",
    ),
    "refused.other": ("این درخواست پذیرفته نشد", "This request was not accepted"),
    "refused.other.note": (
        "کاری انجام نشد. برگردید و دوباره تلاش کنید.",
        "Nothing was done. Go back and try again.",
    ),
    "refused.import": ("چنین اجرایی نیست", "There is no such import"),
    "refused.import.note": (
        "شاید نشانی ناقص کپی شده باشد. اجراهای پیشین در صفحهٔ «وارد کردن مشتریان» است.",
        "Perhaps the address was cut short. Earlier runs are on the import page.",
    ),
}
