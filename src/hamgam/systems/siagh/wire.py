"""What finance answers: the login, and the outcome of a save, which is a 200 even when it failed."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from hamgam.errors import Reason, Refused
from hamgam.model import FinanceId, SavedDocument, System
from hamgam.persian import text_key, to_latin_digits
from hamgam.systems.ports import RemoteSession


class LoginAnswer(msgspec.Struct, rename="pascal"):
    """Unknown attributes are ignored; the session id is the one that must be there."""

    session_id: str
    contact_code: str | int | None = None
    fiscal_year: str | int | None = None
    branch_code: str | int | None = None
    user_code: str | int | None = None
    system_date: str | None = None
    system_time: str | None = None


class Message(msgspec.Struct, rename="pascal"):
    error_type: str | None = None
    error_code: str | int | None = None
    col_name: str | None = None
    description: str | None = None


class SaveAnswer(msgspec.Struct, rename="pascal"):
    errors: list[Message] | None = None
    final_messages: list[Any] | None = None
    return_value: bool | str | int | None = None
    return_code: str | int | None = None
    return_params: str | int | None = None

    @property
    def texts(self) -> list[str]:
        """What the answer says to people."""
        described = [error.description or "" for error in self.errors or []]
        return [str(message) for message in self.final_messages or []] + described


FISCAL_YEAR = "FiscalYear"
CONTACT_CODE = "ContactCode"
LOGGED_IN_AT = "LoggedInAt"
"""Attributes of a session; the last is ours: aware UTC, ISO 8601."""


def session(answer: LoginAnswer, logged_in_at: datetime) -> RemoteSession:
    """What all processes keep of a login, as text."""
    said = {
        FISCAL_YEAR: answer.fiscal_year,
        CONTACT_CODE: answer.contact_code,
        "BranchCode": answer.branch_code,
        "UserCode": answer.user_code,
        "SystemDate": answer.system_date,
        "SystemTime": answer.system_time,
        LOGGED_IN_AT: logged_in_at.isoformat(),
    }
    known = {name: to_latin_digits(str(value)) for name, value in said.items() if value is not None}
    return RemoteSession(answer.session_id, known)


login_answer = msgspec.json.Decoder(LoginAnswer)
save_answer = msgspec.json.Decoder(SaveAnswer)

_CODE = re.compile(r"[1-9][0-9]{0,17}")
_NUMBER = re.compile(r"شماره\s*:?\s*([0-9][0-9/-]*)")
_NET = re.compile(r"خالص(?:(?!شماره)[^0-9]){0,20}?(-?[0-9][0-9,٬،'.٫/]*)")
_AMBIGUOUS = re.compile(r"-?[0-9]{1,3}[./][0-9]{3}")


def refuse_failure(answer: SaveAnswer) -> None:
    """Raise Refused when the answer says that nothing was saved, with the system's own words as detail."""
    failures = [error for error in answer.errors or [] if _is(error.error_type, "ErrError")]
    if not failures and not _is(answer.return_value, "false", "0"):
        return
    spoken = failures or [error for error in answer.errors or [] if not _is(error.error_type, "ErrWarning")]
    texts = [_described(error) for error in spoken]
    detail = " ".join(filter(None, texts)) or " ".join(answer.texts)
    raise Refused(reason_of(detail), detail, system=System.FINANCE)


def _described(error: Message) -> str:
    column = f" [{error.col_name}]" if error.col_name else ""
    return f"{error.description or ''}{column}".strip()


def _is(value: object, *names: str) -> bool:
    return str(value).casefold() in {name.casefold() for name in names}


def reason_of(description: str) -> Reason:
    """The stable code of a Persian error text, whatever its spelling of ye, kaf and spaces."""
    words = text_key(description)
    if "تکرار" in words and re.search("تلفن|موبایل|همراه", words):
        return Reason.DUPLICATE_PHONE
    if "قیمت" in words and "درست وارد نشده" in words:
        return Reason.BAD_PRICE
    return Reason.BUSINESS_ERROR


def saved_code(answer: SaveAnswer) -> FinanceId | None:
    """The contact's code or the document's key; None when the answer does not name a possible one."""
    code = str(answer.return_code if answer.return_code is not None else "").strip()
    return FinanceId(code) if _CODE.fullmatch(code) else None


def saved_document(answer: SaveAnswer) -> SavedDocument | None:
    key = saved_code(answer)
    if key is None:
        return None
    number = _first(_NUMBER, answer.texts).rstrip("/-")
    return SavedDocument(key=key, number=number, net=_amount(_first(_NET, answer.texts)))


def _first(pattern: re.Pattern[str], texts: Iterable[str]) -> str:
    found = (pattern.search(to_latin_digits(text)) for text in texts)
    return next((match[1] for match in found if match), "")


def _amount(text: str) -> Decimal | None:
    """A number for people as a decimal; None for none, and for `1.000`, which may be one or a thousand."""
    text = text.rstrip(",٬،'.٫/")
    if _AMBIGUOUS.fullmatch(text):
        return None
    digits = re.sub("[,٬،']", "", text)
    if len(re.findall("[./٫]", digits)) > 1:
        digits = re.sub("[./]", "", digits)
    try:
        return Decimal(re.sub("[/٫]", ".", digits))
    except InvalidOperation:
        return None
