"""Where the values of settings come from: the environment, `.env`, and files that hold one secret each."""

import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENVIRONMENT = "the environment"
DOTENV = ".env"
DEFAULT = "default"

_OWN_PREFIXES = ("CRM_", "FINANCE_", "WEBHOOK_", "POLL_", "SYNC_", "PREINVOICE_", "CUSTOMER_NUMBER_")

_COMMON = frozenset({"HOST", "PORT", "DATA_DIR", "DATABASE_URL", "LOG_FORMAT", "LOG_LEVEL"})
"""Names so usual that another program's may well look like them."""

_SHORTEST = 6
"""Shorter names are too much alike by chance: PORTS is not PORT."""

_SERVICE_LINK = re.compile(r"_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)")
"""What container platforms put into the environment for a service called `crm` or `finance`."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a setting comes from, for people who look for it."""

    place: str
    """ENVIRONMENT, DOTENV or DEFAULT."""
    line: int | None = None
    """Of `.env`."""
    file_of: str = ""
    """The setting that names the file in which the value is."""


@dataclass(slots=True)
class Given:
    """What was found, by setting, and what was wrong on the way."""

    values: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    attempted: set[str] = field(default_factory=set)
    """Secrets that somebody tried to give, in vain."""

    def has(self, name: str) -> bool:
        """Whether someone set it, rightly or not."""
        return name in self.values or name in self.attempted


def gather(
    environ: Mapping[str, str], directory: Path, names: Collection[str], secrets: Collection[str]
) -> Given:
    """Collect the values of `names`; empty ones are not given, and the environment wins."""
    given = Given()
    files = {f"{name}_FILE" for name in secrets}
    known = {*names, *files}
    dotenv, lines = _read_dotenv(directory / DOTENV, known, given)
    for origin, source in ((DOTENV, dotenv), (ENVIRONMENT, environ)):
        for name, value in source.items():
            if name in known and value.strip():
                given.values[name] = value
                given.origins[name] = origin
                given.sources[name] = Source(origin, lines.get(name) if origin == DOTENV else None)
    given.mistakes += _misspellings(dotenv, DOTENV, known)
    given.mistakes += _misspellings(environ, ENVIRONMENT, known)
    for name in sorted(files & given.values.keys()):
        _take_secret_file(name, directory, given)
    return given


def open_to_others(path: Path) -> bool:
    """Whether every user of this machine may read this file. What Windows says of that is not asked."""
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & stat.S_IROTH)


def _read_dotenv(path: Path, known: Collection[str], given: Given) -> tuple[dict[str, str], dict[str, int]]:
    """The file's names and values, and their lines; editors on Windows put a byte order mark first."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}, {}
    except UnicodeDecodeError:
        given.mistakes.append(f"{DOTENV}: is no UTF-8 text; save it with the encoding UTF-8")
        return {}, {}
    except OSError as error:
        given.mistakes.append(
            f"{DOTENV}: cannot be read ({error.strerror}); let this user read it, or remove it"
        )
        return {}, {}
    lines = list(parse_stream(StringIO(text)))
    given.mistakes += [
        f"{DOTENV} line {_line_of(line)}: cannot be understood; write NAME=value, with quotes "
        "around a value that holds quotes or #"
        for line in lines
        if line.error
    ]
    given.mistakes += _repeats(lines, known)
    given_lines = [line for line in lines if line.key and line.value is not None]
    return (
        {str(line.key): str(line.value) for line in given_lines},
        {str(line.key): _line_of(line) for line in given_lines},
    )


def _line_of(binding: Binding) -> int:
    """The parser counts from the empty lines before."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _repeats(lines: Iterable[Binding], known: Collection[str]) -> list[str]:
    """A line for each of our names that stands there more than once: only one of them can be meant."""
    written: dict[str, list[int]] = {}
    for line in lines:
        if line.key and line.key in known and line.value is not None:
            written.setdefault(line.key, []).append(_line_of(line))
    return [
        f"{DOTENV}: {name} stands in lines {', '.join(map(str, places))}; leave one of them"
        for name, places in written.items()
        if len(places) > 1
    ]


def _take_secret_file(name: str, directory: Path, given: Given) -> None:
    """Replace `NAME_FILE` by the content of that file, under `NAME`."""
    setting = name.removesuffix("_FILE")
    path = directory / given.values.pop(name)
    origin, source = given.origins.pop(name), given.sources.pop(name)
    given.attempted.add(setting)
    if setting in given.values:
        given.mistakes.append(f"{setting}: is given twice, by itself and by {name}; remove one of them")
        return
    try:
        secret = path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        given.mistakes.append(
            f"{name} (in {origin}): its file cannot be read ({why}); correct the path or the file"
        )
        return
    if not secret.strip():
        given.mistakes.append(f"{name} (in {origin}): its file is empty; write the secret into it")
        return
    given.values[setting] = secret
    given.origins[setting] = f"the file of {name}"
    given.sources[setting] = replace(source, file_of=name)


def _misspellings(found: Iterable[str], origin: str, known: Collection[str]) -> list[str]:
    """A line for each name that is none of ours and was probably meant to be."""
    meant = ((name, _meant(name, origin, known)) for name in found if name not in known)
    return [
        f"{name} (in {origin}): is no setting; it probably means {ours}, so rename it"
        for name, ours in meant
        if ours
    ]


def _meant(name: str, origin: str, known: Collection[str]) -> str | None:
    """The setting that a strange name stands for; None for names that are other programs' business."""
    upper = name.upper()
    if len(upper) < _SHORTEST or _SERVICE_LINK.search(upper):
        return None
    candidates = sorted(known if origin == DOTENV else [ours for ours in known if ours not in _COMMON])
    best = max(candidates, key=lambda ours: _likeness(upper, ours) + _same_end(upper, ours) / 5)
    if _likeness(upper, best) >= (0.6 if upper.startswith(_OWN_PREFIXES) else 0.85):
        return best
    return next((ours for ours in candidates if "_" in upper and ours.startswith(f"{upper}_")), None)


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _same_end(one: str, other: str) -> bool:
    """Both end in the same word: FINANCE_URL is rather an address than a user name."""
    return one.rpartition("_")[2] == other.rpartition("_")[2]
