"""What others wrote is printed as it is: never as markup, never as a command to the terminal."""

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from hamgam.app.commands.demo import Watched, _shown_as_it_goes
from hamgam.app.commands.output import console, shown, table
from hamgam.sandbox import Action

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
ODD = ["[/x]", "[red]red[/red]", "[link=http://x]", "[a]b.dump", ":smile:", "سارا [/] \\[", "[@click=x]y[/]"]


@pytest.mark.parametrize("text", ODD)
def test_what_looks_like_markup_is_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(table((text, "b"), [(text, None)], title=text))
    console().print(f"wrote {text}")
    printed = capsys.readouterr().out
    assert printed.count(text) == 4


@pytest.mark.parametrize("sign", ["\x1b[2J", "\x07", "\r", "\x9b2J", "\x00", "\x7f", "\t", "\udcff"])
def test_no_control_sign_reaches_the_terminal(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    console().print(table(("a",), [(f"before{sign}after",)]))
    printed = capsys.readouterr().out
    assert sign[0] not in printed
    assert "before\ufffd" in printed and "after" in printed
    assert shown("two\nlines") == "two\nlines"


def _change(detail: str, seconds: int = 0) -> Watched:
    return Watched(NOW + timedelta(seconds=seconds), Action("name_changed", "customer", "id", detail))


def _arrived(watched: Watched, status: str = "SUCCESS", reason: str | None = None) -> None:
    completed = (watched.at + timedelta(milliseconds=40)).isoformat()
    watched.sync = {
        "status": status,
        "operation": "UPDATE",
        "reason": reason,
        "targetEntityId": "31",
        "completedAt": completed,
    }


def test_without_a_terminal_the_demo_prints_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    seen: deque[Watched] = deque([_change("[/x] first"), _change("second")], maxlen=2)
    with _shown_as_it_goes(seen) as show:
        _arrived(seen[1], "FAILED", "[red]")
        show()
        told = capsys.readouterr().out.splitlines()
        assert "[/x] first" in told[0] and "on its way" in told[0]  # the next change would push it out
        assert told[1].endswith("name_changed  second  UPDATE FAILED [red]  31  40 ms")
        seen.append(_change("third"))
        show()
        assert capsys.readouterr().out == ""
    assert "third  on its way" in capsys.readouterr().out
