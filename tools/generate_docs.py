"""Writes the documentation pages that repeat what the code says, and `.env.example`.

Without an argument the files are written; with `--check` nothing is written, and the exit status is 1 when a
file is not what it should be.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hamgam.reasons import SENTENCES, Sentence
from hamgam.remote_errors import REMOTE_ERRORS
from hamgam.settings import SettingDoc, describe
from hamgam.sync.fields import CUSTOMER as COMPARED
from hamgam.systems.payamgostar.fields import CUSTOMER as IN_CRM
from hamgam.systems.siagh.fields import CONTACT as IN_FINANCE
from hamgam.systems.siagh.fields import NUMBER_COLUMN, NUMBER_KEY

ROOT = Path(__file__).resolve().parent.parent

_GENERATED = "<!-- Written by `make docs` from the code; a change here is lost. -->\n\n"

_SETTINGS = """# Settings

Hamgam reads its settings from the environment and from a file `.env` in the working directory. The
environment wins, and an empty value counts as not given. All mistakes are reported together before anything
starts. Numbers may be typed with Persian digits.

A setting marked *secret* can come from a file instead: `CRM_PASSWORD_FILE=/run/secrets/crm` in place of
`CRM_PASSWORD`. To give both is a mistake.

The commands that talk to the remote systems need `CRM_API_BASE_URL`, `CRM_USERNAME`, `CRM_PASSWORD`,
`FINANCE_API_BASE_URL`, `FINANCE_USERNAME` and `FINANCE_PASSWORD`; all others have a default or may be absent.

"""

_REASONS = """# Reason codes

Every row of the sync log that was skipped, failed or needs a person carries one of these codes. They are
stable: scripts may rely on them. The pages show the same sentences, in the reader's language.

"""

_REMOTE_ERRORS = """# Known errors of the remote systems

A failed sync keeps the remote system's own text. The page *Needs attention* recognises these, whatever their
spelling, and says what to do; a text that it does not know is shown with the sentences of its
[reason code](reasons.md).

"""

_FIELDS = """# Customer fields

What is kept in step, and what each field is called on either side. A field that a site's objects do not have
is neither compared nor written. *Equal when* says which spellings count as one value, so that no write
follows from them; what is written keeps the CRM's spelling.

"""

_EQUAL_WHEN = {
    "text_key": "the same text; Arabic and Persian letters and digits are one, half-space and space too",
    "phone_key": "the same number, with or without country code, in any grouping",
    "digits_key": "the same digits and letters; all else does not count",
    "email_key": "the same address, in upper or lower case",
    "website_key": "the same address, with or without `http://`, and with or without a last `/`",
}


def settings_page() -> str:
    rows = [
        (f"`{doc.name}`", _default(doc), doc.meaning + " *Secret.*" * doc.secret, doc.expects)
        for doc in describe()
    ]
    return _SETTINGS + _table(("Setting", "Default", "Meaning", "Value"), rows)


def _default(doc: SettingDoc) -> str:
    return f"`{doc.default}`" if doc.default else ""


def reasons_page() -> str:
    parts = [
        f"## {reason}\n\n{sentence.en} {sentence.next_step_en}\n\n{_persian(sentence)}\n"
        for reason, sentence in SENTENCES.items()
    ]
    return _REASONS + "\n".join(parts)


def remote_errors_page() -> str:
    parts = [
        f"## {known.name.capitalize() if known.name.islower() else known.name}\n\n"
        f"{known.sentence.en} {known.sentence.next_step_en}\n\n{_persian(known.sentence)}\n"
        for known in REMOTE_ERRORS
    ]
    return _REMOTE_ERRORS + "\n".join(parts)


def _persian(sentence: Sentence) -> str:
    """Markdown is not read inside HTML, so its code marks become tags."""
    pieces = f"{sentence.fa} {sentence.next_step_fa}".split("`")
    text = "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))
    return f'<p dir="rtl" lang="fa">{text}</p>'


def fields_page() -> str:
    crm = {field.name: field.crm for field in IN_CRM}
    finance = {field.name: field for field in IN_FINANCE}
    rows = [
        (
            f"`{field.name}`",
            f"`{crm[field.name]}`",
            f"`{finance[field.name].key}`",
            f"`{finance[field.name].column}`",
            _EQUAL_WHEN[field.compare.__name__],
        )
        for field in COMPARED
    ]
    number = ("*customer number*", "`customerNumber`", f"`{NUMBER_KEY}`", f"`{NUMBER_COLUMN}`", "see below")
    heads = ("Field", "In the CRM", "Read from finance as", "Written to finance as", "Equal when")
    return _FIELDS + _table(heads, [number, *rows]) + _NUMBER


_NUMBER = """
The customer number is what links the two systems. It is written to finance with every create and update, and
not every build of the finance system answers it again. `CUSTOMER_NUMBER_PREFIX` and `CUSTOMER_NUMBER_OFFSET`
say how a number and a finance code stand for each other.
"""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def env_example() -> str:
    """Every setting as a comment, so that a copy of the file changes nothing until something is filled in."""
    head = "# Copy this file to .env and fill in what you need. docs/settings.md says more.\n"
    return head + "".join(
        f"\n# {doc.meaning.replace('`', '')}\n# {doc.name}={doc.default}\n" for doc in describe()
    )


FILES: dict[str, Callable[[], str]] = {
    "docs/settings.md": lambda: _GENERATED + settings_page(),
    "docs/reasons.md": lambda: _GENERATED + reasons_page(),
    "docs/remote-errors.md": lambda: _GENERATED + remote_errors_page(),
    "docs/fields.md": lambda: _GENERATED + fields_page(),
    ".env.example": env_example,
}


def main(check: bool) -> int:
    stale = [name for name, content in FILES.items() if _read(name) != content()]
    for name in stale:
        if check:
            sys.stderr.write(f"{name} is not what the code says; run `make docs`\n")
        else:
            (ROOT / name).write_text(FILES[name](), encoding="utf-8", newline="\n")
    return int(check and bool(stale))


def _read(name: str) -> str | None:
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
