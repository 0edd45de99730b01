"""The flows: read both sides, decide, write, bind."""
