"""Data that are not there: an out that says so, and why.

In: an out's path. Out: its reason, or None where it is present.
"""

import json
from pathlib import Path


def reason_of(path: Path) -> str | None:
    """Why the out at `path` is absent; None where it is present, or not there at all."""
    marker = path / "absent.json" if path.is_dir() else path
    if marker.suffix != ".json" or not marker.exists():
        return None
    found = json.loads(marker.read_text(encoding="utf-8"))
    return str(found["reason"]) if set(found) == {"reason"} else None
