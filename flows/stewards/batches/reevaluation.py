"""What follows when ratings or photographs changed: a re-evaluation by whoever serves the project, if there is one.

In: the project's folder, what came in. Out: whether a re-evaluation starts. Before the first whole run there is nothing
to evaluate anew, and no trained network to do it with: a re-evaluation would fail, so none starts.
"""

from pathlib import Path
from typing import Any

from flows.running.address import announce

RESULTS = Path("data/evaluation")
"""What the first whole run leaves; a withdrawal empties it and leaves the folder."""


def evaluated(root: Path) -> bool:
    """Whether a whole run was ever here."""
    return (root / RESULTS).is_dir()


def start_reevaluation(root: Path, payload: dict[str, Any]) -> bool:
    """Tell the project's server, where there are results to bring up to date; whether it was told. `payload` names
    nobody."""
    return evaluated(root) and announce(root, payload)
