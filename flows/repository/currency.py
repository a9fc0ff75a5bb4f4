"""Whether what is shown belongs to the present data: what changed since the last run, as DVC sees it.

In: the project's folder. Out: the stages that DVC would run again. Knows nothing of what they compute.
"""

import os
from pathlib import Path


def not_current(root: Path) -> list[str]:
    """Stages whose inputs, numbers, code or results are not those of dvc.lock; empty where all is current.

    Takes a second: DVC compares digests that it remembers.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    before = Path.cwd()
    os.chdir(root)
    try:
        with Repo(str(root)) as repo:
            return sorted(name for name in repo.status() if not name.endswith(".dvc"))
    except DvcException as error:
        return [f"everything (DVC cannot say: {error})"]
    finally:
        os.chdir(before)
