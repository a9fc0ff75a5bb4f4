"""Whether what is shown belongs to the present data: what changed since the last run, as DVC sees it.

In: the project's folder. Out: a sentence, or None where all is current. Knows nothing of what stages compute.
"""

from contextlib import chdir
from pathlib import Path

SHOWN = ("evaluate", "report")
"""The stages whose outs people read."""


def not_current(root: Path) -> str | None:
    """Why the numbers and the page may not be of the present data; None where they are.

    Takes a second: DVC compares digests that it remembers.
    """
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.rwlock import RWLockFileCorruptedError

    try:
        with chdir(root), Repo(str(root)) as repo:
            changed = sorted(name for name in repo.status(list(SHOWN), with_deps=True) if not name.endswith(".dvc"))
    except (LockError, RWLockFileCorruptedError):
        return "a run is under way or was killed; its results come when it, or the next one, has ended"
    except (DvcException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return f"DVC cannot say whether they are of the present data: {first}"
    if not changed:
        return None
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""  # noqa: PLR2004
    return f"they are of an earlier run: {', '.join(changed[:3])}{more} changed since; run `dvc repro`"
