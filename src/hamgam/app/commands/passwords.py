"""`hamgam hash-password`."""

import getpass
import hashlib
import sys
from collections.abc import Callable
from typing import TextIO

from hamgam.errors import UsageError


def run(password: str | None, stdin: TextIO = sys.stdin, ask: Callable[[str], str] = getpass.getpass) -> int:
    given = asked(stdin, ask, "Finance password: ") if password is None else password
    if not given:
        raise UsageError("hash-password: the password is empty")
    try:
        text = given.encode()
    except UnicodeEncodeError:
        raise UsageError("hash-password: the password is no UTF-8 text") from None
    # The finance system's own login format; nothing here is protected by it.
    sys.stdout.write(hashlib.md5(text, usedforsecurity=False).hexdigest().upper() + "\n")
    return 0


def asked(stdin: TextIO, ask: Callable[[str], str], prompt: str) -> str:
    """Without echo on a terminal; the first line of whatever else stdin is."""
    if not stdin.isatty():
        return stdin.buffer.readline().rstrip(b"\r\n").decode("utf-8-sig", "surrogateescape")
    try:
        return ask(prompt)
    except EOFError:
        return ""
