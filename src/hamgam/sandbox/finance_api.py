"""The finance system's HTTP side: the session, the list of contacts and the forms."""

from collections.abc import Iterator
from typing import Any

import msgspec

from hamgam.sandbox.finance import Finance
from hamgam.sandbox.finance_forms import BusinessError, contact_form, decoded, document_form
from hamgam.sandbox.moods import FINANCE_PASSWORD_MD5, FINANCE_USERNAME
from hamgam.sandbox.times import TEHRAN, jalali_date
from hamgam.sandbox.wire import Answer, Call, Effect, Object, Problem, convert, encode, json_answer

_LOGIN = "/GeneralApi/LoginUser"
_GET_ALL = "/api/Sgh/GEN/Gn_Web_Users/GetAll"
_SAVE = "/BpmsApi/SaveFormData"
_ROWS_PER_CHUNK = 250


class _Login(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    user_name: str
    password: str


class _Save(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    form_id: str
    ctrl_values: str
    parameters: str
    data_rows: str
    attachments: str = "[]"
    post_code: str = ""
    flow_id: str = ""


class FinanceApi:
    """Answers requests for one finance system."""

    def __init__(self, finance: Finance) -> None:
        self._finance = finance

    def identify(self, method: str, path: str, body: Any) -> tuple[str, Effect]:
        if path == _LOGIN:
            return "login", "login"
        if path == _GET_ALL:
            return "GetAll", "read"
        if path == _SAVE:
            form = body.get("formId") if isinstance(body, dict) else None
            return f"SaveFormData:{form}", "write"
        return path, "read"

    def answer(self, call: Call) -> Answer:
        if call.path == _LOGIN:
            return self._login(convert(_posted(call), _Login))
        if call.path not in (_GET_ALL, _SAVE):
            raise Problem(404, "یافت نشد.")
        session = self._finance.session_id
        if session is None or call.headers.get("Authorization") != session:
            raise Problem(401, "نشست کاربر معتبر نیست.")
        if call.path == _SAVE:
            return self._save(convert(_posted(call), _Save))
        if call.method == "GET":
            return Answer(chunks=self._stream(list(self._finance.contacts)))
        return Answer(chunks=self._stream(self._filtered(_posted(call))))

    def problem(self, problem: Problem) -> Answer:
        return json_answer({"Message": problem.message}, problem.status)

    def _login(self, wanted: _Login) -> Answer:
        """A new session; the one before it, of the same user, ends."""
        finance = self._finance
        if (wanted.user_name, wanted.password) != (FINANCE_USERNAME, FINANCE_PASSWORD_MD5):
            finance.failed_logins += 1
            raise Problem(401, "نام کاربری یا رمز عبور نادرست است.")
        finance.logins += 1
        finance.session_id = str(finance.new_guid())
        return json_answer(self._session(finance.session_id))

    def _session(self, session_id: str) -> Object:
        now = self._finance.clock()
        return {
            "SessionId": session_id,
            "Token": str(self._finance.new_guid()),
            "UserCode": 1,
            "UserName": FINANCE_USERNAME,
            "ContactCode": 1,
            "ContactName": FINANCE_USERNAME,
            "BranchCode": 1,
            "BranchName": "دفتر مرکزی",
            "IsAdminUser": True,
            "FiscalYear": self._finance.fiscal_year,
            "MobileNo": None,
            "SystemDate": jalali_date(now),
            "SystemTime": f"{now.astimezone(TEHRAN):%H:%M}",
        }

    # The list of contacts

    def _stream(self, codes: list[int]) -> Iterator[bytes]:
        """A JSON array, some rows at a time, so that a long list costs no memory."""
        contacts, shown = self._finance.contacts, self._shown
        yield b"["
        for start in range(0, len(codes), _ROWS_PER_CHUNK):
            part = codes[start : start + _ROWS_PER_CHUNK]
            rows = encode([shown(contacts[code]) for code in part if code in contacts])
            yield (b"," if start else b"") + rows[1:-1]
        yield b"]"

    def _shown(self, row: Object) -> Object:
        mood = self._finance.mood
        if mood.returns_tmpid and not mood.leaves_out_nulls:
            return row
        hidden = set() if mood.returns_tmpid else {"tmpid"}
        if mood.leaves_out_nulls:
            hidden |= {name for name, value in row.items() if value is None}
        return {name: value for name, value in row.items() if name not in hidden}

    def _filtered(self, conditions: Object) -> list[int]:
        """The codes that meet every condition which this build honours."""
        book, found = self._finance.book, None
        for column, value in conditions.items():
            if self._honours(column):
                codes = book.holding(column, value)
                found = codes if found is None else found & codes
            elif self._finance.mood.unknown_filter == "finds_nothing":
                return []
        return list(book.rows) if found is None else sorted(found)

    def _honours(self, column: str) -> bool:
        mood = self._finance.mood
        if mood.filters == "tel_only":
            return column == "TelNo"
        visible = column != "tmpid" or mood.returns_tmpid
        return mood.filters == "all" and visible and self._finance.book.knows(column)

    # The forms

    def _save(self, wanted: _Save) -> Answer:
        """A refused save is a 200 too."""
        try:
            return json_answer(self._saved(wanted))
        except BusinessError as error:
            return json_answer(self._refusal(error))

    def _saved(self, wanted: _Save) -> Object:
        if wanted.form_id == "2BFDA":
            if decoded(wanted.data_rows) != []:
                raise BusinessError("این فرم سطر ندارد.")
            code = self._finance.save_contact(contact_form(wanted.ctrl_values, wanted.parameters))
            return self._success(str(code), str(code), [], [])
        if wanted.form_id == "43D81":
            form = document_form(wanted.ctrl_values, wanted.parameters, wanted.data_rows)
            document = self._finance.save_document(form)
            done = _entry("ErrSuccs", 0, "", "سند با موفقیت ذخیره شد.")
            return self._success(
                document["key"], document["params"], [done], [self._finance.report(document)]
            )
        raise BusinessError("فرم یافت نشد.")

    def _success(self, code: str, params: str, errors: list[Object], messages: list[str]) -> Object:
        warnings = (
            [_entry("ErrWarning", 0, "", "اعتبار مشتری بررسی نشد.")] if self._finance.mood.warns else []
        )
        return {
            "Errors": warnings + errors,
            "FinalMessages": messages,
            "ReturnValue": True,
            "ReturnCode": code,
            "ReturnParams": params,
        }

    def _refusal(self, error: BusinessError) -> Object:
        style = self._finance.mood.error_style
        entry = _entry("ErrError", -1, error.column, error.description)
        shown = style != "value_only"
        return {
            "Errors": [entry] if shown else [],
            "FinalMessages": [] if shown else [error.description],
            "ReturnValue": style == "errors_only",
            "ReturnCode": "",
            "ReturnParams": "",
        }


def _entry(kind: str, code: int, column: str, description: str) -> Object:
    return {"ErrorType": kind, "ErrorCode": code, "ColName": column, "Description": description}


def _posted(call: Call) -> Object:
    """The JSON object that was posted. Raises Problem (405, 415 or 400)."""
    if call.method != "POST":
        raise Problem(405, "The requested resource does not support this method.")
    if not call.headers.get("Content-Type", "").startswith("application/json"):
        raise Problem(415, "Content-Type must be application/json.")
    if not isinstance(call.body, dict):
        raise Problem(400, "The request body is not valid.")
    return call.body
