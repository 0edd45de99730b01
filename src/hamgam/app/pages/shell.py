"""What all pages share: the frame around them, their language, and the files that they need."""

import mimetypes
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hamgam import __version__
from hamgam.app.access import person_of
from hamgam.app.addresses import page_in
from hamgam.app.csrf import FormProof
from hamgam.app.entrance import Visitor, Way
from hamgam.app.words import Lang, Writer, chosen, isolated
from hamgam.people.roles import Role

_COOKIE = "lang"
_A_YEAR = 365 * 24 * 3600
_CODE = Markup('<bdi dir="ltr"><code>{}</code></bdi>')

# On Windows the registry may call these something that browsers refuse to run or apply.
for _type, _ending in (("text/javascript", ".js"), ("text/css", ".css"), ("font/woff2", ".woff2")):
    mimetypes.add_type(_type, _ending)

_templates = Environment(
    loader=PackageLoader("hamgam.app"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["version"] = __version__


def marked(text: str) -> Markup:
    """Words with code in them, between backticks: in a Persian sentence too it is read from left to right."""
    pieces = enumerate(text.split("`"))
    return Markup("").join(_CODE.format(piece) if n % 2 else escape(piece) for n, piece in pieces)


_templates.filters["marked"] = marked
_templates.filters["isolated"] = isolated


class Entry(NamedTuple):
    """A page that the frame links to."""

    href: str
    word: str
    role: Role = Role.VIEWER


_NAV = (
    Entry("/", "nav.overview"),
    Entry("/syncs", "nav.syncs"),
    Entry("/attention", "nav.attention"),
    Entry("/records", "nav.records"),
    Entry("/import", "nav.import"),
    Entry("/connections", "nav.connections"),
    Entry("/people", "nav.people", Role.ADMIN),
)


def files() -> Mount:
    return Mount("/static", StaticFiles(directory=Path(__file__).parent.parent / "static"), name="static")


def writer(request: Request) -> Writer:
    """In the language of this request: `?lang=`, else remembered, else the browser's, else Persian."""
    return Writer(
        chosen(
            request.query_params.get(_COOKIE),
            request.cookies.get(_COOKIE),
            request.headers.get("accept-language", ""),
        )
    )


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page or a part of one. Templates see `w`, the writer, `me`, who asks, and `here`, the path.

    `signed_in` says that `me` has a session to end, `open_house` that nobody was asked who he is.
    """
    w, proof = writer(request), FormProof(request)
    way = _way(request)
    frame = {
        "me": person_of(request),
        "signed_in": way is Way.SESSION,
        "open_house": way is Way.OPEN,
        "csrf": proof.token,
        "nav": () if way is Way.STRANGER else _NAV,
        "here": request.url.path,
        "other_language": _other_language(request, w.lang),
    }
    html = _templates.get_template(template).render(w=w, **frame, **values)
    answer = HTMLResponse(html, status)
    proof.keep(answer)
    # A part that a page asks for again and again would undo what was chosen in another tab meanwhile.
    if request.query_params.get(_COOKIE) == w.lang and "hx-request" not in request.headers:
        answer.set_cookie(_COOKIE, w.lang, max_age=_A_YEAR, httponly=True, samesite="lax")
    return answer


def _way(request: Request) -> Way:
    visitor: Visitor | None = request.state.visitor
    return visitor.way if visitor else Way.STRANGER


def _other_language(request: Request, lang: Lang) -> dict[str, str]:
    """This very page, with its filters, in the other language; of what a form was answered, its page."""
    other = "en" if lang == "fa" else "fa"
    here = request.url if request.method in ("GET", "HEAD") else URL(page_in(request, "referer"))
    kept = [(name, value) for name, value in parse_qsl(here.query) if name != _COOKIE]
    return {"lang": other, "href": f"{here.path}?{urlencode([*kept, (_COOKIE, other)])}"}
