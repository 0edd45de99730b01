"""Each template imports the macros that it uses itself, and no others."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from hamgam.app import pages

TEMPLATES = {
    path.name: path.read_text("utf-8") for path in Path(pages.__file__).parent.parent.glob("templates/*.html")
}


def defined(template: str) -> set[str]:
    return set(re.findall(r"{%-? *macro (\w+)\(", template))


def imported(template: str) -> set[str]:
    lists = re.findall(r'{%-? *from "[^"]+" import ([^%]*?)(?: with context)? *%}', template)
    return {name.strip() for names in lists for name in names.split(",")}


def called(template: str, names: set[str]) -> set[str]:
    return {name for name in names if re.search(rf"(?<![\w.]){name}\(", template)}


WHERE = defaultdict(set)
for _file, _text in TEMPLATES.items():
    for _name in defined(_text):
        WHERE[_name].add(_file)


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_imports_what_it_uses_and_nothing_else(name: str) -> None:
    template = TEMPLATES[name]
    shared = {macro for macro, files in WHERE.items() if files != {name}}
    assert called(template, shared) - defined(template) == imported(template) - defined(template)
