"""What an answer of a remote system says to people, where it is made for programs: JSON, or a web page."""

import json
import re
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, NamedTuple

_SPOKEN = ("message", "description", "detail", "error_description", "errors", "error", "title")
"""Where JSON has what is for people, the best first; `Message` and `Description` are found as well."""
_SPOKEN_IN_PART = re.compile(
    rf'"(?:{"|".join(_SPOKEN)})"\s*:\s*"((?:[^"\\]|\\.)*+)("?)', re.IGNORECASE | re.DOTALL
)
_HALF_A_SIGN = re.compile(r"[\ud800-\udbff]\Z")
"""The first of the two escapes by which JSON spells what lies beyond U+FFFF, such as an emoji."""
_TAG = re.compile(
    r"<(?:!doctype|/?(?:html|head|body|title|h[1-6]|p|br|hr|div|span|center|font|b|i|u|em|strong|pre|code|"
    r"a|ul|ol|li|table|tr|td|th|script|style|meta|link))\b[^<>]*>",
    re.IGNORECASE,
)


class Spoken(NamedTuple):
    sentence: str
    """For people; "" where the answer has nothing for them."""
    raw: str
    """The answer as it came; "" where the sentence is all of it."""


def spoken(text: str) -> Spoken:
    """Split what the log holds of an answer; it may have been cut short there."""
    if text.lstrip().startswith(("{", "[")):
        return Spoken(_in_json(text), text)
    if _TAG.search(text):
        return Spoken(_in_html(text), text)
    return Spoken(text, "")


def _in_json(text: str) -> str:
    try:
        return _one_line(_for_people(json.loads(text)))
    except (ValueError, RecursionError):
        return _one_line(_in_part(text))


def _for_people(value: Any, *, all_of_it: bool = False) -> str:
    """`all_of_it`: below `errors` each text is for people, whatever its name."""
    match value:
        case str():
            return value
        case list():
            return " ".join(filter(None, (_for_people(item, all_of_it=all_of_it) for item in value)))
        case dict():
            named = {name.casefold(): item for name, item in value.items()}
            texts = (_for_people(named.get(name), all_of_it=name == "errors") for name in _SPOKEN)
            return next(filter(None, texts), "") or (_for_people([*value.values()]) if all_of_it else "")
    return ""


def _in_part(text: str) -> str:
    """Of JSON without its end."""
    found = _SPOKEN_IN_PART.search(text)
    if found is None:
        return ""
    if found[2]:
        return _unescaped(found[1], broken=0)
    said = _unescaped(found[1], broken=len(r"\u062"))
    return f"{_HALF_A_SIGN.sub('', said)}…"


def _unescaped(written: str, broken: int) -> str:
    """Without an escape that it was cut in, of at most so many characters."""
    for left_out in range(broken + 1):
        with suppress(ValueError):
            return str(json.loads(f'"{written[: len(written) - left_out]}"', strict=False))
    return written


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._unseen = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._unseen = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = False

    def handle_data(self, data: str) -> None:
        said = "" if self._unseen else _one_line(data)
        if said and said not in self.texts[-1:]:
            self.texts.append(said)


def _in_html(text: str) -> str:
    """What a reader of the page would see; a heading that repeats the title is left out."""
    page = _Texts()
    # So Python 3.11 tells of a `<![…` that is broken; what stands before it has been read.
    with suppress(AssertionError):
        page.feed(text)
    return " ".join(page.texts)


def _one_line(text: str) -> str:
    """JSON may spell half a sign, which no page and no file can hold."""
    return " ".join(text.split()).encode("utf-8", "replace").decode()
