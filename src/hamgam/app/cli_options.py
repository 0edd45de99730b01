"""What all groups of commands share: common options, and the settings."""

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", help="Print one JSON document on stdout.")]
DryRun = Annotated[bool, Parameter(name="--dry-run", help="Read only, and show what would happen.")]


def settings() -> Any:
    from hamgam.app.logs import configure
    from hamgam.settings import load_settings

    loaded = load_settings(os.environ, Path.cwd())
    configure(loaded.log_format, loaded.log_level)
    return loaded
