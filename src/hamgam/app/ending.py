"""How a command ends that did not do its work: one line on stderr, and an exit status.

Exit status: 0 success, 1 some records failed, 2 wrong usage or configuration, 3 a remote system or the
database cannot be used, 128 and its number when a signal ended it, or would have: who reads our output may go
away before its end, as `head` does.
"""

import os
import sys
import traceback

from cyclopts import CycloptsError, MissingArgumentError, UnusedCliTokensError

from hamgam.app.signals import Stopped
from hamgam.errors import SyncError, Unavailable, UsageError

UNREAD = 128 + 13
"""The exit status of a program that SIGPIPE ends."""
_STOPPED = "stopped; what was stored is kept, and the command can be run again"


def explained(error: BaseException) -> int:
    """Say what a person can act on; what is left is a defect of ours.

    Tasks that ran together fail together: the first of them that is known is told.
    """
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    match error:
        case KeyboardInterrupt():
            return _say(_STOPPED, 130)
        case Stopped(exit_status=status):
            return _say(_STOPPED, status)
        case CycloptsError():
            return _say(_reworded(error), 2)
        case UsageError():
            return _say(str(error), 2)
        case Unavailable():
            return _say(str(error), 3)
    return _otherwise(error)


def nobody_reads(error: BaseException) -> bool:
    """Whether it is our output that has broken; what is left of it then goes nowhere without a word."""
    if isinstance(error, SystemExit):
        return error.code == 1  # so rich ends a program, after it has done the same
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _otherwise(error: BaseException) -> int:
    from hamgam.app.commands.output import remote_line
    from hamgam.db.engine import DATABASE_GONE

    if isinstance(error, SystemExit) and isinstance(error.code, int):
        return error.code
    if isinstance(error, SyncError):
        return _say(remote_line(error.reason, error.system), 3)
    if isinstance(error, DATABASE_GONE):
        return _say("DATABASE_URL: the database went away; what was stored is kept, run the command again", 3)
    return _defect(error)


def _reworded(error: CycloptsError) -> str:
    command = " ".join(("hamgam", *(error.command_chain or ())))
    given = error.unused_tokens or []
    match error:
        case UnusedCliTokensError():
            return f"{command}: {' '.join(given)} is not expected here; see `{command} --help`"
        case MissingArgumentError(argument=argument) if argument is not None:
            dashed = any(token.startswith("-") and token != argument.name for token in given)
            hint = f"; write {argument.name}=VALUE where it begins with a dash" if dashed else ""
            return f"{command}: {argument.name} needs a value{hint}"
    return str(error)


def _defect(error: BaseException) -> int:
    """The way of the code to it and its kind, without its text, which may quote a customer."""
    way = "".join(traceback.format_tb(error.__traceback__))
    return _say(f"{way}{type(error).__name__}: a defect of hamgam; please report these lines", 1)


def _say(line: str, status: int) -> int:
    sys.stderr.write(line.strip() + "\n")
    return status
