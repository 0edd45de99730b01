"""Where the dashboard is, as the start says it, and who may read the file with the passwords."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from hamgam.app.commands.serving import dashboard, point_to
from hamgam.settings_source import open_to_others


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:3000/"),
        ("192.0.2.7", "http://192.0.2.7:3000/"),
        ("books.example.com", "http://books.example.com:3000/"),
        ("0.0.0.0", "http://127.0.0.1:3000/"),
        ("::", "http://[::1]:3000/"),
        ("2001:db8::7", "http://[2001:db8::7]:3000/"),
    ],
)
def test_the_address_can_be_opened(host: str, address: str) -> None:
    assert dashboard(host, 3000) == address


@pytest.mark.parametrize("terminal", [True, False])
def test_the_address_is_shown_on_a_terminal_and_nowhere_else(terminal: bool) -> None:
    written = io.StringIO()
    point_to("http://127.0.0.1:3000/", Console(file=written, force_terminal=terminal, no_color=True))
    assert ("http://127.0.0.1:3000/" in written.getvalue()) is terminal


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
@pytest.mark.parametrize(("rights", "others"), [(0o644, True), (0o604, True), (0o640, False), (0o600, False)])
def test_a_file_is_open_to_others_when_everybody_may_read_it(
    tmp_path: Path, rights: int, others: bool
) -> None:
    path = tmp_path / ".env"
    assert not open_to_others(path)
    path.touch()
    path.chmod(rights)
    assert open_to_others(path) is others
