"""A change becomes known here: a key and a reason, nothing more."""
