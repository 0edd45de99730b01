"""`hamgam user` and `hamgam token`, as a process and on a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hamgam.app.commands.people import chosen_password
from hamgam.people.refusals import NotAllowed, Refusal
from tests.app.test_passwords import Stdin

PASSWORD = "correct horse battery"


class Hamgam:
    """The real program in a process of its own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self._folder = folder
        self._environment = os.environ | {"DATABASE_URL": database_url, "LOG_LEVEL": "error"}

    def __call__(self, *arguments: str, typed: str = PASSWORD) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "hamgam", *arguments],
            cwd=self._folder,
            env=self._environment,
            input=typed.encode(),
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def hamgam(database_url: str, tmp_path: Path) -> Hamgam:
    return Hamgam(tmp_path, database_url)


def test_people_come_and_go(hamgam: Hamgam) -> None:
    assert hamgam("user", "list", "--json") == (0, "[]\n", "")
    code, out, err = hamgam("user", "add", "Sara", "--role", "admin")
    assert (code, out) == (0, "added Sara, admin\n")
    assert "asks everybody to sign in" in err
    assert hamgam("user", "add", "علی", "--role", "viewer") == (0, "added علی, viewer\n", "")
    assert hamgam("user", "role", "علي", "operator")[:2] == (0, "علی is operator\n")
    assert hamgam("user", "password", "sara", typed="another password\n")[0] == 0
    listed = json.loads(hamgam("user", "list", "--json")[1])
    assert [(row["name"], row["role"]) for row in listed] == [("Sara", "admin"), ("علی", "operator")]
    assert "علی" in hamgam("user", "list")[1]
    assert hamgam("user", "remove", "علی")[0] == 0
    code, out, err = hamgam("user", "remove", "Sara")
    assert (code, out) == (0, "removed Sara\n")
    assert "nobody to sign in" in err


def test_the_tokens_of_who_is_removed_end(hamgam: Hamgam) -> None:
    """Whoever works at the machine counts as the person who has that name."""
    me = json.loads(_token_made(hamgam, "one"))[0]["createdBy"]
    hamgam("user", "add", "Sara", "--role", "admin")
    hamgam("user", "add", me, "--role", "admin")
    hamgam("token", "add", "two", "--role", "admin")
    hamgam("user", "role", me, "operator")
    listed = json.loads(hamgam("token", "list", "--json")[1])
    assert [(row["role"], row["effectiveRole"]) for row in listed] == [
        ("viewer", "viewer"),
        ("admin", "operator"),
    ]
    assert hamgam("user", "remove", me) == (0, f"removed {me}\nrevoked one\nrevoked two\n", "")
    assert hamgam("token", "list", "--json")[1] == "[]\n"
    code, _, err = hamgam("token", "add", "three", "--role", "viewer")
    assert (code, "was removed" in err) == (2, True)


def _token_made(hamgam: Hamgam, name: str) -> str:
    hamgam("token", "add", name, "--role", "viewer")
    return hamgam("token", "list", "--json")[1]


REFUSED = {
    ("user", "add", "SARA", "--role", "viewer"): "taken",
    ("user", "add", "Ali", "--role", "king"): "viewer, operator or admin",
    ("user", "add", "a:b", "--role", "viewer"): "colon",
    ("user", "role", "Sara", "viewer"): "no other admin",
    ("user", "role", "Sara", "king"): "viewer, operator or admin",
    ("user", "remove", "Sara"): "no other admin",
    ("user", "remove", "Nobody"): "nobody has this name",
    ("user", "password", "Nobody"): "nobody has this name",
    ("token", "add", "x", "--role", "king"): "viewer, operator or admin",
    ("token", "revoke", "Nobody"): "nobody has this name",
}


def test_what_is_refused_is_one_line_and_changes_nothing(hamgam: Hamgam) -> None:
    hamgam("user", "add", "Sara", "--role", "admin")
    hamgam("user", "add", "Clerk", "--role", "viewer")
    before = hamgam("user", "list", "--json")
    for arguments, word in REFUSED.items():
        code, out, err = hamgam(*arguments)
        assert (arguments, code, out, err.count("\n")) == (arguments, 2, "", 1)
        assert word in err
    for typed in ("", "\n", "short\n"):
        short = hamgam("user", "add", "Ali", "--role", "viewer", typed=typed)
        assert short == (2, "", "a password has at least 10 characters\n")
    assert hamgam("user", "list", "--json") == before


def test_a_token_is_printed_once(hamgam: Hamgam) -> None:
    code, out, err = hamgam("token", "add", "backup", "--role", "viewer")
    assert (code, out[:7], out.count("\n")) == (0, "hamgam_", 1)
    assert "not shown again" in err
    listed = hamgam("token", "list", "--json")[1]
    assert out.strip().removeprefix("hamgam_") not in listed
    [row] = json.loads(listed)
    assert (row["name"], row["role"], row["lastUsedAt"]) == ("backup", "viewer", None)
    assert hamgam("token", "add", "Backup", "--role", "admin")[0] == 2
    assert hamgam("token", "revoke", "backup")[:2] == (0, "revoked backup\n")
    assert hamgam("token", "list", "--json")[1] == "[]\n"


def test_on_a_terminal_it_is_asked_for_twice() -> None:
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return PASSWORD

    assert chosen_password(Stdin(b"", terminal=True), ask) == PASSWORD
    assert prompts == ["Password: ", "Again: "]
    answers = iter([PASSWORD, "another password"])
    with pytest.raises(NotAllowed) as error:
        chosen_password(Stdin(b"", terminal=True), lambda _: next(answers))
    assert error.value.refusal is Refusal.DIFFERENT
