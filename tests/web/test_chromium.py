"""Where the tests of the pages look for a browser."""

import pytest

from tests.web.chromium import find_chromium, may_be_absent

OWN = "/home/me/.cache/ms-playwright/chromium/chrome"


@pytest.mark.parametrize(
    ("named", "there", "found"),
    [
        ({"chromium", "google-chrome"}, {OWN}, "/bin/chromium"),
        ({"chromium-browser"}, set(), "/bin/chromium-browser"),
        ({"google-chrome"}, set(), "/bin/google-chrome"),
        (set(), {OWN}, OWN),
        (
            set(),
            {"C:/Program Files/Google/Chrome/Application/chrome.exe"},
            "C:/Program Files/Google/Chrome/Application/chrome.exe",
        ),
        (set(), set(), None),
    ],
)
def test_a_browser_is_found_by_any_of_its_names(named: set[str], there: set[str], found: str | None) -> None:
    assert (
        find_chromium(OWN, lambda name: f"/bin/{name}" if name in named else None, there.__contains__)
        == found
    )


def test_only_where_changes_are_checked_must_there_be_one() -> None:
    assert [may_be_absent(ci) for ci in (None, "", "1", "true")] == [True, True, False, False]
