"""`hamgam hash-password`."""

import getpass
import hashlib
import sys

from hamgam.errors import UsageError


def run(password: str | None) -> int:
    given = getpass.getpass("Finance password: ") if password is None else password
    if not given:
        raise UsageError("hash-password: the password is empty")
    # The finance system's own login format; nothing here is protected by it.
    hashed = hashlib.md5(given.encode(), usedforsecurity=False).hexdigest().upper()
    sys.stdout.write(hashed + "\n")
    return 0
