"""How the pages write words, numbers and times, in Persian and English.

Each page has its words in a module of its own here; no key stands in two of them.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal, NamedTuple

from hamgam import details, remote_text
from hamgam.app.words import (
    attention,
    common,
    connections,
    fields,
    importing,
    operations,
    overview,
    people,
    records,
    refusals,
    settings,
    syncs,
)
from hamgam.errors import Reason
from hamgam.jobs.declining import UNMATCHED
from hamgam.model import Status
from hamgam.people.roles import NOBODY_SIGNED_IN
from hamgam.persian import TEHRAN, jalali_date, to_persian_digits
from hamgam.reasons import SENTENCES, Sentence

Lang = Literal["fa", "en"]
_ISOLATED, _ISOLATED_END = "\u2068", "\u2069"
"""Around a value in a sentence: its direction is its own."""
_LONG_AGO = (("d", 86_400), ("h", 3_600), ("m", 60))
_CODES = re.compile(r"[0-9]+(?:,? [0-9]+)*", re.ASCII)
_AMOUNT = re.compile(r"(-?)([0-9]{1,40})(?:\.([0-9]{1,40}))?", re.ASCII)

_TABLES = (
    common.WORDS,
    overview.WORDS,
    fields.WORDS,
    syncs.WORDS,
    attention.WORDS,
    records.WORDS,
    importing.WORDS,
    connections.WORDS,
    people.WORDS,
    refusals.WORDS,
    settings.WORDS,
    operations.WORDS,
)
WORDS: Mapping[Lang, Mapping[str, str]] = {
    "fa": {key: fa for table in _TABLES for key, (fa, _) in table.items()},
    "en": {key: en for table in _TABLES for key, (_, en) in table.items()},
}


def isolated(value: str) -> str:
    return f"{_ISOLATED}{value}{_ISOLATED_END}"


class Said(NamedTuple):
    """A message of the log: what the engine says in it, and what a remote system says to people."""

    ours: str
    theirs: str
    raw: str = ""
    """The remote system's answer as it came, where it is made for programs."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes for readers of one language."""

    lang: Lang

    @property
    def direction(self) -> str:
        return "rtl" if self.lang == "fa" else "ltr"

    def word(self, key: str, *values: float | str) -> str:
        """The words for a key. Numbers are written in this language, text stands as it is.

        A status of a newer program, left in the log, stands for itself.
        """
        written = WORDS[self.lang].get(key)
        if written is None:
            return key
        return written.format(*(value if isinstance(value, str) else self.number(value) for value in values))

    def person(self, name: str) -> str:
        """Who did something. Where there are no users nobody has signed in."""
        return self.word("people.nobody") if name == NOBODY_SIGNED_IN.name else name

    def fields(self, names: Iterable[str]) -> str:
        return self.word("unit.comma").join(self.word(f"field.{name}") for name in names)

    def either(self, key: str, otherwise: str) -> str:
        """The words for a key, or something else where there are none."""
        return WORDS[self.lang].get(key, otherwise)

    def digits(self, text: str) -> str:
        return to_persian_digits(text) if self.lang == "fa" else text

    def number(self, value: float) -> str:
        return self._signed(f"{round(value):,}")

    def decimal(self, value: float) -> str:
        """With one digit after the point, where it is not zero."""
        return self._signed(f"{value:,.1f}".removesuffix(".0"))

    def exact(self, text: str) -> str:
        """An amount that is stored as text, digit for digit; what is none stands as it is."""
        amount = _AMOUNT.fullmatch(text)
        if amount is None:
            return text
        part = f".{amount[3]}" if amount[3] else ""
        return self._signed(f"{amount[1]}{int(amount[2]):,}{part}")

    def _signed(self, number: str) -> str:
        """A number such as 1,234.5 with the digits and the two signs of the language."""
        signs = str.maketrans(",.", self.word("unit.thousands") + self.word("unit.point"))
        return self.digits(number.translate(signs))

    def percent(self, share: float) -> str:
        """A share between 0 and 1; what is not quite all is never shown as all."""
        return self.word("unit.percent", self.decimal(math.floor(share * 1000) / 10))

    def seconds(self, milliseconds: float) -> str:
        if milliseconds < 1000:
            return self.word("unit.ms", milliseconds)
        if milliseconds >= 5_400_000:
            return self.word("unit.h", self.decimal(milliseconds / 3_600_000))
        if milliseconds >= 90_000:
            return self.word("unit.min", milliseconds / 60_000)
        return self.word("unit.s", self.decimal(milliseconds / 1000))

    def ago(self, seconds: float) -> str:
        """How long ago, in the largest unit of which there are two at least."""
        for unit, length in _LONG_AGO:
            if seconds >= 2 * length:
                return self.word(f"ago.{unit}", seconds // length)
        return self.word("ago.s", max(0, seconds))

    def day(self, moment: datetime) -> str:
        """The day in Tehran, by the calendar of the language."""
        return self.digits(jalali_date(moment) if self.lang == "fa" else f"{_tehran(moment):%Y-%m-%d}")

    def clock(self, moment: datetime) -> str:
        return self.digits(f"{_tehran(moment):%H:%M:%S}")

    def minute(self, moment: datetime) -> str:
        return self.digits(f"{_tehran(moment):%H:%M}")

    def reason(self, code: str) -> str:
        """The sentence of a reason code; a code of a newer program, left in the log, stands for itself."""
        try:
            sentence = SENTENCES[Reason(code)]
        except (KeyError, ValueError):
            return code
        return sentence.fa if self.lang == "fa" else sentence.en

    def said(self, message: str, reason: str | None = None) -> Said:
        """A message of the log in this language, as far as the engine wrote it; `reason` stands beside it."""
        if reason in UNMATCHED and _CODES.fullmatch(message):
            return Said(self._codes(message), "")
        found = details.find(message)
        if not found:
            return Said("", *remote_text.spoken(message))
        texts = ((one, one.detail.fa if self.lang == "fa" else one.detail.en) for one in found)
        told = (one.written(text, partial(self._told, one.reason)) for one, text in texts)
        rest = self.said(found[-1].rest, found[-1].reason)
        return Said(self.word("unit.also").join(told), rest.theirs, rest.raw)

    def _codes(self, message: str) -> str:
        """What a conflict about who somebody is lists is codes of finance."""
        codes = (self.word("ask.this", code) for code in re.findall("[0-9]+", message))
        return self.word("ask.codes", self.word("unit.comma").join(codes))

    def _told(self, reason: str, place: str, value: str) -> str:
        match place:
            case "reason":
                return self.reason(value)
            case "fields":
                return self.fields(value.split(", "))
            case "rest":
                return self.said(value, reason).ours
        if value in list(Status):
            return self.word(value)
        if place in details.AMOUNTS:
            value = self.exact(value)
        return isolated(value) if self.lang == "fa" else value

    def cause(self, sentence: Sentence) -> str:
        return sentence.fa if self.lang == "fa" else sentence.en

    def advice(self, sentence: Sentence) -> str:
        return sentence.next_step_fa if self.lang == "fa" else sentence.next_step_en

    def page_step(self, code: str, entity_type: str, *, of_import: bool = False) -> str:
        """The next step of a row, for who can take it on a page and needs no command."""
        if of_import and code in UNMATCHED:
            return self.word("step.of_import")
        named = (f"step.{code}.{entity_type}", f"step.{code}")
        return next((WORDS[self.lang][key] for key in named if key in WORDS[self.lang]), self.next_step(code))

    def next_step(self, code: str) -> str:
        try:
            sentence = SENTENCES[Reason(code)]
        except (KeyError, ValueError):
            return ""
        return sentence.next_step_fa if self.lang == "fa" else sentence.next_step_en


def _tehran(moment: datetime) -> datetime:
    return moment.astimezone(TEHRAN)


def chosen(wanted: str | None, remembered: str | None, accepted: str) -> Lang:
    """The language of a page: asked for, else remembered, else what the browser prefers, else Persian."""
    for said in (wanted, remembered):
        if said == "fa":
            return "fa"
        if said == "en":
            return "en"
    return _preferred(accepted)


def _preferred(accepted: str) -> Lang:
    """The better liked of our languages in an `Accept-Language` header."""
    liked = {"fa": 0.0, "en": 0.0}
    for part in accepted.split(","):
        name, _, quality = part.strip().lower().partition(";q=")
        lang = name.partition("-")[0]
        if lang in liked:
            liked[lang] = max(liked[lang], _quality(quality))
    return "en" if liked["en"] > liked["fa"] else "fa"


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
