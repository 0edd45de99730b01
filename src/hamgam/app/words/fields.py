"""What people call the fields of customers and documents."""

from hamgam.app.words.table import Table

WORDS: Table = {
    "field.kind": ("نوع", "Kind"),
    "field.name": ("نام", "Name"),
    "field.mobile": ("موبایل", "Mobile"),
    "field.phone": ("تلفن", "Telephone"),
    "field.email": ("ایمیل", "E-mail"),
    "field.website": ("وب‌سایت", "Website"),
    "field.address": ("نشانی", "Address"),
    "field.postal_code": ("کد پستی", "Postal code"),
    "field.national_id": ("کد ملی", "National id"),
    "field.description": ("توضیحات", "Description"),
    "field.active": ("فعال", "Active"),
    "field.number": ("شماره", "Number"),
    "field.type": ("نوع سند", "Document type"),
    "field.customerId": ("مشتری در CRM", "Customer in the CRM"),
    "field.finalValue": ("مبلغ نهایی", "Final value"),
    "field.lines": ("ردیف‌ها", "Lines"),
    "field.line": ("ردیف", "Line"),
    "field.title": ("عنوان", "Title"),
    "field.customer": ("کد مشتری در سیستم مالی", "Customer's finance code"),
    "field.saleModel": ("مدل فروش", "Sale model"),
    "field.net": ("مبلغ خالص", "Net total"),
    "field.product": ("کد کالا", "Product code"),
    "field.unit": ("واحد", "Unit"),
    "field.quantity": ("مقدار", "Quantity"),
    "field.price": ("قیمت واحد", "Unit price"),
    "field.discount": ("تخفیف", "Discount"),
}
