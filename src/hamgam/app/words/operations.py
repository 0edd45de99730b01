"""The words of the list of the API's operations. What each operation does is told in English only."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "docs.about": (
        "هر کاری که در داشبورد ممکن است، با این API هم ممکن است. برنامه‌ها از توکنی استفاده می‌کنند که مدیر در "
        "صفحهٔ «کاربران» یا با فرمان `hamgam token add` می‌سازد. شرح هر عملیات به انگلیسی است.",
        "Whatever the dashboard does can be done by this API. Programs bring a token, which an admin "
        "makes under “People” or with `hamgam token add`.",
    ),
    "docs.names": (
        "زمان‌ها به وقت UTC و در قالب ISO 8601 هستند، «روز» یعنی روز به وقت تهران، و واحد هر مدت در نام آن "
        "آمده است. مبلغ و مقدار، عدد اعشاری به صورت متن است. نام‌ها camelCase هستند، جز در `/api/v1/status`.",
        "Moments are ISO 8601 in UTC, days are days in Tehran, and a duration has its unit in its name. "
        "Amounts and quantities are decimal numbers as text. Names are in camelCase, but for "
        "`/api/v1/status`.",
    ),
    "docs.answer": ("آنچه در پاسخ می‌آید", "What is in the answer"),
    "docs.problems": ("خطاها", "Problems"),
    "docs.problems.note": (
        "هر خطا یک سند `application/problem+json` است (RFC 9457). مقدار `type` آن نشانی یکی از این سطرهاست و "
        "در نسخه‌های بعدی عوض نمی‌شود؛ `detail` می‌گوید ایراد همین درخواست چیست. "
        "هر عملیات فقط خطاهای ویژهٔ خود را فهرست می‌کند.",
        "What is refused is `application/problem+json` (RFC 9457). Its `type` is the address of one of "
        "these lines and stays from release to release; `detail` says what is wrong with this request. "
        "Each operation above lists only those of its own.",
    ),
    "docs.contents": ("فهرست", "Contents"),
    "docs.schema": ("سند OpenAPI", "The OpenAPI document"),
    "docs.role": ("نقش لازم: {}، با", "Needs the role {}, by"),
    "docs.or": (" یا ", " or "),
    "docs.parameters": ("پارامترها", "Parameters"),
    "docs.body": ("بدنهٔ درخواست (JSON)", "Request body (JSON)"),
    "docs.body.any": ("یک شیء JSON", "A JSON object"),
    "docs.body.example": ("نمونه", "For example"),
    "docs.answers": ("پاسخ‌ها", "Answers"),
    "docs.required": ("لازم", "required"),
    "docs.in.path": ("در نشانی", "in the path"),
    "docs.in.query": ("پس از ? در نشانی", "in the query"),
    "docs.of.monitoring": ("پایش", "Monitoring"),
    "docs.of.status": ("وضعیت و نمودارها", "Status and charts"),
    "docs.of.syncs": ("همگام‌سازی‌ها", "Syncs"),
    "docs.of.imports": ("وارد کردن مشتریان", "Imports"),
    "docs.of.connections": ("ارتباط‌ها", "Connections"),
    "docs.of.webhooks": ("وب‌هوک‌ها", "Webhooks"),
    "docs.of.attention": ("نیازمند رسیدگی", "Needs attention"),
    "docs.of.people": ("کاربران", "People"),
    "docs.of.tokens": ("توکن‌ها", "Tokens"),
    "docs.of.me": ("کاربر کنونی", "Who asks"),
    "docs.of.records": ("مشتریان و اسناد", "Customers and documents"),
}
