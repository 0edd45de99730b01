"""The words of the list of the API's operations. What each operation does is told in English only."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "docs.about": (
        "هر کاری که در داشبورد ممکن است، با این API هم ممکن است. برنامه‌ها از توکنی استفاده می‌کنند که در "
        "بخش «کاربران» ساخته می‌شود. شرح هر عملیات به انگلیسی است.",
        "Whatever the dashboard does can be done by this API. Programs bring a token, made under “People”.",
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
