"""Finds a Chromium for the tests of the pages, by any of its names."""

import shutil
from collections.abc import Callable
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)

ABSENT = "no Chromium was found: install chromium, or run `.venv/bin/playwright install chromium`"


def find_chromium(
    own: str,
    which: Callable[[str], str | None] = shutil.which,
    exists: Callable[[str], bool] = lambda path: Path(path).is_file(),
) -> str | None:
    """The program's path. `own` is where Playwright would have put one of its own."""
    named = next(filter(None, map(which, _NAMES)), None)
    return named or next(filter(exists, (own, *_PLACES)), None)


def may_be_absent(ci: str | None) -> bool:
    """Whether tests without a browser are skipped; where every change is checked they fail instead."""
    return not ci
