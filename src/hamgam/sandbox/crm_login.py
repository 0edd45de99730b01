"""Logging in to the CRM: tokens, their end, and why a login is refused."""

import base64
from datetime import timedelta
from typing import Any

import msgspec

from hamgam.sandbox.crm import Crm
from hamgam.sandbox.moods import CRM_PASSWORD, CRM_USERNAME
from hamgam.sandbox.times import expiry_date
from hamgam.sandbox.wire import Answer, Problem, convert, encode, json_answer


class _Login(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    username: str
    password: str
    device_id: str
    platform_type: int
    os: str | None = None
    os_version: str | None = None
    token: str | None = None


class _Refresh(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    access_token: str
    refresh_token: str


def login(crm: Crm, body: Any) -> Answer:
    """POST /api/v2/auth/login."""
    wanted = convert(body, _Login)
    if not wanted.device_id or wanted.platform_type != 1:
        raise Problem(400, "deviceId و platformType الزامی است.")
    if crm.locked_out:
        raise Problem(403, "حساب به دلیل تلاش ناموفق قفل شده است.")
    if (wanted.username, wanted.password) != (CRM_USERNAME, CRM_PASSWORD):
        _count_failure(crm)
        raise Problem(401, "نام کاربری یا رمز عبور نادرست است.")
    if not crm.licensed:
        raise Problem(402, "ماژول API فعال نیست.")
    crm.failed_in_a_row = 0
    crm.logins += 1
    return _new_tokens(crm)


def refresh(crm: Crm, body: Any) -> Answer:
    """POST /api/v2/auth/token/refresh. A pair of tokens can be used once."""
    pair = convert(body, _Refresh)
    known = crm.refresh_tokens.get(pair.refresh_token)
    if not crm.mood.refresh_works or known != pair.access_token:
        raise Problem(401, "توکن معتبر نیست.")
    del crm.refresh_tokens[pair.refresh_token]
    crm.tokens.pop(pair.access_token, None)
    crm.refreshes += 1
    return _new_tokens(crm)


def authorised(crm: Crm, header: str | None) -> bool:
    """Whether this Authorization header carries a token that is still good."""
    scheme, _, token = (header or "").partition(" ")
    expires = crm.tokens.get(token)
    return scheme == "Bearer" and expires is not None and crm.clock() < expires


def _count_failure(crm: Crm) -> None:
    crm.failed_logins += 1
    crm.failed_in_a_row += 1
    if crm.mood.lock_after is not None and crm.failed_in_a_row >= crm.mood.lock_after:
        crm.locked_out = True


def _new_tokens(crm: Crm) -> Answer:
    expires = crm.clock() + timedelta(seconds=crm.token_seconds)
    access, renewal = _token(crm), crm.new_id()
    crm.tokens[access] = expires
    crm.refresh_tokens[renewal] = access
    return json_answer({"accessToken": access, "refreshToken": renewal, "expiresAt": expiry_date(expires)})


def _token(crm: Crm) -> str:
    """Something that looks like a JWT and is as unique as one."""
    parts = (encode({"alg": "HS256", "typ": "JWT"}), encode({"sub": CRM_USERNAME, "jti": crm.new_id()}))
    signature = crm.new_id().replace("-", "").encode()
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature))
