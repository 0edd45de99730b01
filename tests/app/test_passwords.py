"""`hamgam hash-password`: from the command line, and from whatever stdin is."""

import io

import pytest

from hamgam.app.commands.passwords import run
from hamgam.errors import UsageError

HASHED = "81DC9BDB52D04DC20036DBD8313ED055\n"


class Stdin(io.TextIOWrapper):
    def __init__(self, given: bytes, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(given), encoding="utf-8")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("1234") == 0
    assert capsys.readouterr().out == HASHED


@pytest.mark.parametrize("given", [b"1234", b"1234\n", b"1234\r\nmore\n", b"\xef\xbb\xbf1234\n"])
def test_the_first_line_of_a_pipe(given: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(None, Stdin(given)) == 0
    assert capsys.readouterr() == (HASHED, "")


@pytest.mark.parametrize(("given", "word"), [(b"", "empty"), (b"\n", "empty"), (b"\xff\n", "UTF-8")])
def test_a_pipe_without_a_password(given: bytes, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        run(None, Stdin(given))


def test_a_terminal_that_ends() -> None:
    def ends(_: str) -> str:
        raise EOFError

    with pytest.raises(UsageError, match="empty"):
        run(None, Stdin(b"", terminal=True), ends)


def test_an_argument_that_is_no_text() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        run("a\udcff")
