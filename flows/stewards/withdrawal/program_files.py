"""The program's own files: code, tests and pages as git has them, whose examples may be called like a person.

In: the project. Out: their paths. A file that is not in git, or that somebody changed, is none of them.
"""

from pathlib import Path

from flows.repository.commits import git

FOLDERS = ("bench", "docs", "flows", "tasks", "tests")


def shipped(root: Path) -> frozenset[Path]:
    """The files of the program's folders that stand in git as they are here; none where there is no git."""
    root = root.resolve()
    tracked = git(root, "ls-files", "-z", "--", *FOLDERS, check=False).split("\0")
    changed = git(root, "diff", "--name-only", "-z", "--relative", "HEAD", "--", *FOLDERS, check=False).split("\0")
    return frozenset(root / name for name in {*tracked} - {*changed, ""})
