"""What a table of words is."""

from collections.abc import Mapping

Table = Mapping[str, tuple[str, str]]
"""A key, and what it is called in Persian and in English. `{}` stands for a number."""
