"""What those hear who may not come in: a page sends people to the sign-in, a program gets a problem."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hamgam.app.entrance import MONITORING, SIGN_IN, Barred, host_name
from hamgam.app.problems import problem
from hamgam.app.words import WORDS, chosen

_BASIC = 'Basic realm="hamgam", charset="UTF-8"'
_BEARER = 'Bearer realm="hamgam"'
_SAFE = ("GET", "HEAD")

_GONE = """<!doctype html>
<html lang="{lang}" dir="{direction}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta http-equiv="refresh" content="5">
  <title>{title}</title>
  <link rel="stylesheet" href="/static/hamgam.css">
</head>
<body><main><section class="gone" role="alert"><h1>{gone}</h1><p>{note}</p></section></main></body>
</html>
"""


def turned_away(request: Request, why: Barred) -> Response:
    match why:
        case Barred.PASSWORD:
            return problem(401, "The dashboard's password is needed", www_authenticate=_BASIC)
        case Barred.TOKEN:
            return problem(401, "The token is unknown or revoked", www_authenticate=_BEARER)
        case Barred.HOST:
            return problem(
                421,
                "This service does not know the address that it was asked by",
                "ask by HOST, localhost or WEBHOOK_BASE_URL, or add a user with hamgam user add",
            )
    return _to_sign_in(request)


def no_database(request: Request) -> Response:
    """Who asks cannot be found out. A page tries again by itself; the part of one makes its page do so."""
    if not _is_page(request) or request.method not in _SAFE:
        return problem(503, "The database cannot be reached", retry_after="5")
    if "hx-request" in request.headers:
        return problem(503, "The database cannot be reached", hx_refresh="true")
    accepted = request.headers.get("accept-language", "")
    lang = chosen(request.query_params.get("lang"), request.cookies.get("lang"), accepted)
    words = WORDS[lang]
    direction = "rtl" if lang == "fa" else "ltr"
    texts = {"title": words["title"], "gone": words["gone"], "note": words["gone.note"]}
    return HTMLResponse(_GONE.format(lang=lang, direction=direction, **texts), 503, {"retry-after": "5"})


def _to_sign_in(request: Request) -> Response:
    if not _is_page(request):
        challenge = _BASIC if request.url.path in MONITORING else _BEARER
        return problem(401, "A sign-in or a token is needed", www_authenticate=challenge)
    if "hx-request" in request.headers:
        return problem(
            401, "A sign-in is needed", hx_redirect=_sign_in_for(_current_page(request), ended=True)
        )
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    lang = request.query_params.get("lang", "")
    return RedirectResponse(_sign_in_for(wanted if request.method in _SAFE else "/", lang), 303)


def _sign_in_for(wanted: str, lang: str = "", *, ended: bool = False) -> str:
    """In the language that the page was asked for in; `ended` has it say why it is there."""
    asked = {"next": wanted if wanted != "/" else "", "lang": lang if lang in WORDS else ""}
    asked["ended"] = "1" if ended else ""
    query = urlencode({name: value for name, value in asked.items() if value}, safe="/")
    return f"{SIGN_IN}?{query}" if query else SIGN_IN


def _current_page(request: Request) -> str:
    """The page that htmx works in, if it is one of ours."""
    try:
        page = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    if page.hostname != host_name(request.headers.get("host", "")):
        return "/"
    return (page.path or "/") + (f"?{page.query}" if page.query else "")


def _is_page(request: Request) -> bool:
    """Whether a person looks at it, and not a program."""
    path = request.url.path
    return path not in MONITORING and (path == "/api/docs" or not path.startswith("/api/"))
