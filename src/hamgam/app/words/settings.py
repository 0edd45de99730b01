"""What each setting means. The English is that of the settings themselves."""

from hamgam.app.words.table import Table
from hamgam.settings import describe

PERSIAN = {
    "CRM_API_BASE_URL": "نشانی CRM (پیام‌گستر).",
    "CRM_USERNAME": "نام کاربری در CRM.",
    "CRM_PASSWORD": "گذرواژه در CRM.",
    "FINANCE_API_BASE_URL": "نشانی سیستم مالی (سیاق).",
    "FINANCE_USERNAME": "نام کاربری در سیستم مالی.",
    "FINANCE_PASSWORD": "هش MD5 گذرواژهٔ سیستم مالی با حروف بزرگ؛ از `hamgam hash-password`.",
    "DATABASE_URL": "نشانی سرور PostgreSQL. بدون آن، پایگاه دادهٔ همراه برنامه از `DATA_DIR` اجرا می‌شود.",
    "DATA_DIR": "پوشهٔ پایگاه دادهٔ همراه برنامه و خروجی‌ها؛ فقط مالک آن می‌تواند بخواند.",
    "HOST": "نشانی سرویس وب. اگر جز همین دستگاه باشد، `DASHBOARD_PASSWORD` لازم است.",
    "PORT": "پورت سرویس وب.",
    "ENABLE_WEBHOOKS": "وب‌هوک‌ها پذیرفته و هنگام راه‌اندازی ثبت شوند. به `WEBHOOK_BASE_URL` و یکی از "
    "`WEBHOOK_SECRET` و `WEBHOOK_TOKEN` نیاز دارد.",
    "WEBHOOK_BASE_URL": "نشانی عمومی این سرویس، چنان‌که CRM به آن می‌رسد.",
    "WEBHOOK_SECRET": "کلید امضای HMAC-SHA256 برای پیام‌های امضاشده.",
    "WEBHOOK_TOKEN": "توکنی که پیام‌های بدون امضا با خود دارند: در `?token=` یا در پایان نشانی.",
    "POLL_INTERVAL_SECONDS": "فاصلهٔ دو بررسی دوره‌ای تغییرات CRM به ثانیه؛ صفر یعنی بررسی نشود.",
    "POLL_OVERLAP_SECONDS": "هر بررسی چند ثانیه پیش از پایان بررسی قبلی را هم دوباره نگاه می‌کند.",
    "MAX_RETRY_ATTEMPTS": "تعداد تلاش‌های دوباره پس از نخستین تلاش، با فاصله‌هایی که بیشتر می‌شود.",
    "SYNC_GATE_SECONDS": "پس از هر همگام‌سازی، همان مورد این تعداد ثانیه برای بعدی صبر می‌کند.",
    "SYNC_CONCURRENCY": "تعداد همگام‌سازی‌های هم‌زمان در هر اجراکننده.",
    "CRM_MAX_CONCURRENCY": "تعداد درخواست‌های هم‌زمان به CRM، در مجموع برای همهٔ پردازش‌ها.",
    "CRM_RATE_PER_SECOND": "تعداد درخواست‌ها به CRM در ثانیه، در مجموع برای همهٔ پردازش‌ها.",
    "FINANCE_MAX_CONCURRENCY": "تعداد درخواست‌های هم‌زمان به سیستم مالی، در مجموع برای همهٔ پردازش‌ها.",
    "FINANCE_RATE_PER_SECOND": "تعداد درخواست‌ها به سیستم مالی در ثانیه، در مجموع برای همهٔ پردازش‌ها.",
    "HTTP_TIMEOUT_SECONDS": "حداکثر زمان یک درخواست به سیستم مقابل، به ثانیه.",
    "CUSTOMER_NUMBER_PREFIX": "شمارهٔ مشتری در CRM برابر است با این پیشوند و پس از آن "
    "حاصل جمع کد مالی و `CUSTOMER_NUMBER_OFFSET`.",
    "CUSTOMER_NUMBER_OFFSET": "عدد ثابتی که به کد مالی اضافه می‌شود تا شمارهٔ مشتری در CRM به دست آید.",
    "MATCH_KEYS": "مشتری CRM با چه چیزی به طرف حساب موجود در سیستم مالی پیوند می‌خورد، به همین ترتیب.",
    "DELETE_POLICY": "حذف در CRM چه اثری در سیستم مالی دارد: هیچ (`ignore`)، یا غیرفعال شدن طرف حساب "
    "(`deactivate`). آنجا هرگز چیزی حذف نمی‌شود.",
    "INVOICE_UPDATE_POLICY": "اگر فاکتور پس از ثبت پیش‌فاکتور مالی تغییر کرد: آن هم تغییر کند (`edit`)، "
    "یا کسی تصمیم بگیرد (`review`).",
    "MAX_CHANGE_PERCENT": "اجرایی که بیش از این درصد از مشتریان پیوندخورده و بیش از ۱۰۰ مورد را تغییر دهد، "
    "می‌ایستد و می‌پرسد.",
    "WRITE_BACK": "کد مالی در فیلد `refId` مشتری CRM نوشته شود (`ref_id`) یا نه (`off`).",
    "DASHBOARD_PASSWORD": "گذرواژهٔ داشبورد؛ اگر `HOST` همین دستگاه نباشد لازم است.",
    "LOG_RETENTION_DAYS": "داده‌های ردیف‌های قدیمی‌تر از این تعداد روز پاک می‌شود؛ نتیجه هرگز پاک نمی‌شود.",
    "LOG_FORMAT": "قالب گزارش برنامه: برای خواندن (`console`) یا برای برنامه‌ها (`json`).",
    "LOG_LEVEL": "کم‌اهمیت‌ترین رویدادی که در گزارش برنامه می‌آید.",
    "PREINVOICE_SALE_MODEL": "مدل فروش پیش‌فاکتور مالی، وقتی نوع سند در CRM شماره ندارد.",
    "PREINVOICE_PAYMENT_KIND": "نوع پرداخت پیش‌فاکتور مالی: ۱ نقدی، ۲ چکی.",
    "PREINVOICE_SALES_CENTER": "مرکز فروش پیش‌فاکتور مالی.",
    "PREINVOICE_SALE_KIND": "نوع فروش پیش‌فاکتور مالی.",
    "PREINVOICE_INTERMEDIARY": "واسطهٔ پیش‌فاکتور مالی؛ صفر یعنی بدون واسطه.",
    "PREINVOICE_CONTACT": "طرف حسابی که پیش‌فاکتور مالی را صادر می‌کند؛ بدون آن، طرف حساب کاربر سیستم مالی.",
}

WORDS: Table = {
    f"setting.{doc.name}": (PERSIAN.get(doc.name, doc.meaning), doc.meaning) for doc in describe()
}
