"""What those hear who may not come in: a page sends people to the sign-in, a program gets a problem."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hamgam.app.addresses import page_in
from hamgam.app.entrance import MONITORING, SESSION_COOKIE, SIGN_IN, Barred
from hamgam.app.problems import problem
from hamgam.app.refusing import is_page, refusal
from hamgam.app.words import WORDS
from hamgam.people.signing_in import TooOften

_BASIC = 'Basic realm="hamgam", charset="UTF-8"'
_BEARER = 'Bearer realm="hamgam"'
_SAFE = ("GET", "HEAD")


def turned_away(request: Request, why: Barred | TooOften) -> Response:
    match why:
        case TooOften(seconds):
            return refusal(request, 429, "too many wrong passwords", retry_after=str(seconds))
        case Barred.PASSWORD:
            return refusal(request, "password", www_authenticate=_BASIC)
        case Barred.TOKEN:
            return refusal(request, "token", www_authenticate=_BEARER)
        case Barred.HOST:
            advice = "ask by HOST, localhost or WEBHOOK_BASE_URL, or add a user with hamgam user add"
            return refusal(request, "host", advice)
    return _to_sign_in(request)


def _to_sign_in(request: Request) -> Response:
    if not is_page(request):
        challenge = _BASIC if request.url.path in MONITORING else _BEARER
        return problem("sign-in", www_authenticate=challenge)
    if "hx-request" in request.headers:
        wanted = page_in(request, "hx-current-url")
        return problem("sign-in", hx_redirect=_sign_in_for(wanted, ended=True))
    lang, ended = request.query_params.get("lang", ""), SESSION_COOKIE in request.cookies
    return RedirectResponse(_sign_in_for(_wanted(request), lang, ended=ended), 303)


def _wanted(request: Request) -> str:
    """What to show after the sign-in. A form that was sent is not sent again: one comes back to its page."""
    if request.method not in _SAFE:
        return page_in(request, "referer")
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _sign_in_for(wanted: str, lang: str = "", *, ended: bool = False) -> str:
    """In the language that the page was asked for in; `ended` has it say why it is there."""
    asked = {"next": wanted if wanted != "/" else "", "lang": lang if lang in WORDS else ""}
    asked["ended"] = "1" if ended else ""
    query = urlencode({name: value for name, value in asked.items() if value}, safe="/")
    return f"{SIGN_IN}?{query}" if query else SIGN_IN
