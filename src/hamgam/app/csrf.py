"""Proof that a request which changes something comes from a page of ours.

A browser sends cookies, a cached password and loopback's trust along with whatever another site makes it
send. So such a request must not come from another site, as far as the browser says where it comes from, and
it must carry a token that only our pages can write: in the field `csrf` or the header `X-CSRF-Token`. That is
bound to the session; where there is none, to a cookie that another site can neither read nor set.

It is a dependency of the whole application, so no route can forget it. Bearer tokens need none of it: no
browser sends one by itself.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hamgam.app.entrance import Visitor, Way
from hamgam.app.forms import form_of
from hamgam.app.problems import RequestRefused
from hamgam.people.secret import new_secret

FIELD, HEADER, FORM_COOKIE = "csrf", "x-csrf-token", "hamgam-form"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


async def proven(request: Request) -> None:
    """Raises 403 for what changes something and may come from elsewhere."""
    visitor: Visitor | None = request.state.visitor
    if request.method in _SAFE or visitor is None or visitor.way is Way.TOKEN:
        return
    if _is_foreign(request):
        raise RequestRefused("foreign", "this was sent from a page of another site")
    given = request.headers.get(HEADER) or (await form_of(request)).get(FIELD, "")
    secret = _secret(request, visitor)
    if not secret or not hmac.compare_digest(given.encode(errors="replace"), proof(secret).encode()):
        raise RequestRefused("old", "this page is out of date; open it again, then repeat what you did")


def proof(secret: str) -> str:
    """What a form carries for the browser that holds this cookie."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


class FormProof:
    """The token for the forms of one page, and the cookie that it may need."""

    def __init__(self, request: Request) -> None:
        known = _secret(request, request.state.visitor)
        self._new = "" if known else new_secret()
        self._secure = request.url.scheme == "https"
        self.token = proof(known or self._new)

    def keep(self, answer: Response) -> None:
        if self._new:
            answer.set_cookie(FORM_COOKIE, self._new, httponly=True, samesite="lax", secure=self._secure)


def _secret(request: Request, visitor: Visitor | None) -> str:
    return (visitor.session if visitor else "") or request.cookies.get(FORM_COOKIE, "")


def _is_foreign(request: Request) -> bool:
    """By what the browser says itself. Older ones, and all on plain http, only name the origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    except ValueError:
        return True
