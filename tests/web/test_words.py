"""The words of the pages: none is left over, and code in them is read from left to right."""

import re
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

import hamgam
from hamgam.app.filters import FILTERS
from hamgam.app.pages.shell import marked
from hamgam.app.words import WORDS
from hamgam.errors import Reason
from hamgam.reasons import SENTENCES
from hamgam.remote_errors import REMOTE_ERRORS
from tests.web.conftest import AddSync

_SOURCE = Path(hamgam.__file__).parent
_BUILT = {
    "ask.": {"retry.all", "dismiss.all"},
    "compare.": {"crm.trouble", "finance.trouble"},
    "filter.": set(FILTERS),
    "hooks.": {"api", "identity", "invoice", "quote", "secret"},
    "import.": {"created", "linked", "skipped", "failed"},
    "sync.": {"changed", "spelling"},
}
"""What may follow where a template puts a key together of a beginning that many keys have."""


def _sources() -> str:
    tables = set((_SOURCE / "app" / "words").glob("*.py")) - {_SOURCE / "app" / "words" / "__init__.py"}
    files = {*_SOURCE.rglob("*.py"), *_SOURCE.rglob("*.html")} - tables
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(files))


def test_every_word_is_used() -> None:
    source = _sources()
    named = set(re.findall(r"""["']([\w. ]+)["']""", source))
    beginnings = set(re.findall(r"""["']([\w.]+\.)["'{]""", source))
    open_ends = beginnings - set(_BUILT)
    built = {beginning + end for beginning, ends in _BUILT.items() for end in ends}

    def used(key: str) -> bool:
        return key in named | built or any(key.startswith(beginning) for beginning in open_ends)

    assert [key for key in WORDS["en"] if not used(key) and not used(key.removesuffix(".note"))] == []


def test_every_word_that_a_template_names_exists() -> None:
    """A key without words is shown as it is."""
    named = set(re.findall(r"""\bword\(["']([\w.]+)["'][,)]""", _sources()))
    assert named - set(WORDS["en"]) == set()


def test_what_is_counted_reads_well_where_it_is_one() -> None:
    plural = re.compile(r"(?<!more than )\{\} (?:rows|others|contacts|customers|syncs)\b", re.IGNORECASE)
    assert {key: said for key, said in WORDS["en"].items() if plural.search(said)} == {}


def test_code_in_words_is_marked_and_nothing_else_is_let_through() -> None:
    assert marked("از `.env` <b>") == 'از <bdi dir="ltr"><code>.env</code></bdi> &lt;b&gt;'
    assert marked("`<b>`") == '<bdi dir="ltr"><code>&lt;b&gt;</code></bdi>'
    assert marked("") == ""


@pytest.mark.parametrize("lang", ["fa", "en"])
def test_both_languages_name_the_same_code(lang: str) -> None:
    """An odd number of backticks would turn the rest of a sentence into code."""
    assert [key for key, words in WORDS["fa" if lang == "fa" else "en"].items() if words.count("`") % 2] == []


def test_a_reason_has_no_code_in_it() -> None:
    """It stands in tips, menus and files too, where nothing can be marked. A next step may have some."""
    told = [*SENTENCES.values(), *(known.sentence for known in REMOTE_ERRORS)]
    assert [one.en for one in told if "`" in one.en + one.fa] == []


@pytest.mark.parametrize("lang", ["fa", "en"])
async def test_no_page_shows_a_backtick(client: httpx2.AsyncClient, add_sync: AddSync, lang: str) -> None:
    coded = [reason for reason in Reason if "`" in SENTENCES[reason].next_step_en]
    assert coded
    ids = [uuid4() for _ in coded]
    for number, (log_id, reason) in enumerate(zip(ids, coded, strict=True)):
        add_sync(id=log_id, status="FAILED", reason=reason, sourceEntityId=f"{number:032x}")
    paths = ["/", "/attention", "/import", "/import/confirm", "/connections", "/connections/settings"]
    paths += [f"/{place}/{log_id}" for log_id in ids for place in ("syncs", "attention")]
    for path in paths:
        answer = await client.get(path, params={"lang": lang})
        assert (path, answer.status_code, "`" in answer.text) == (path, 200, False)
