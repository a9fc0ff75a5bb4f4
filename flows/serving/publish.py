"""A run's result, versioned: dvc.lock and the headline metrics as one git commit, the data in DVC's remote.

In: the repository after a run. Out: at most one commit, of exactly those files, and what was sent. A remote that fails
is a warning: the result is there. Knows neither stages nor Prefect. Commits and messages name no photograph.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.repository.client import Repository, RequestFailed, Say
from flows.repository.commits import commit_only, git
from tasks.errors import InputError
from tasks.params.running import Nightly

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Published:
    """`lines`: what was done, or why not, in words; `commit`: its id, empty without one."""

    lines: list[str]
    commit: str


def fetch_missing(repository: Repository, say: Say) -> None:
    """Fetch from DVC's remote, if one is configured, the outs that are named in dvc.lock and not here."""
    if not repository.ask("remote", say):
        return
    absent = [row["name"] for row in repository.ask("plan", say, targets=None) if row["missing"] and row["in_lock"]]
    if not absent:
        return
    try:
        say(f"{repository.ask('pull', say, targets=absent)} files fetched from the remote")
    except RequestFailed as error:
        say(f"warning: not everything could be fetched from the remote ({error}); what is missing is computed")


def publish_results(
    repository: Repository,
    say: Say,
    kept: Iterable[str],
    deps: Iterable[str],
    changes: list[dict[str, Any]],
    settings: Nightly,
) -> Published:
    """Commit and push as the settings say. `kept`: outs that git has; `deps`: what stages read."""
    lines, commit = [], ""
    if settings.commit:
        line, commit = _commit({LOCK, *kept}, list(deps), changes)
        lines.append(line)
    if settings.push and repository.ask("remote", say):
        lines.append(_push(repository, say))
    return Published(lines, commit)


def _commit(ours: set[str], deps: list[str], changes: list[dict[str, Any]]) -> tuple[str, str]:
    """Commit `ours` alone, unless something else that results may depend on is not committed."""
    try:
        tracked, untracked = _status()
    except InputError as error:
        return f"**not committed**: {error}", ""
    foreign = sorted((tracked - ours) | {path for path in untracked - ours if _below(path, deps)})
    if foreign:
        return f"**not committed**: first commit or undo your own changes of {', '.join(foreign[:5])}", ""
    changed = sorted((tracked | untracked) & ours)
    if not changed:
        return "nothing to commit: results are those of the last commit", ""
    root = Path.cwd()
    try:
        commit_only(root, [root / path for path in changed], f"Nightly: {_headline(changes)}")
    except InputError as error:
        return f"**not committed**: {error}", ""
    commit = git(root, "rev-parse", "--short", "HEAD")
    return f"committed {commit}: {', '.join(changed)}", commit


def _headline(changes: list[dict[str, Any]]) -> str:
    """The first line says how many numbers changed, the others which."""
    moved = [row for row in changes if row["before"] != row["now"]]
    if not moved:
        return "results rebuilt, metrics unchanged"
    rows = [f"{row['metric']}: {_short(row['before'])} -> {_short(row['now'])}" for row in moved]
    return "\n".join([f"{len(moved)} of {len(changes)} metrics changed", "", *rows])


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _push(repository: Repository, say: Say) -> str:
    try:
        return f"{repository.ask('push', say)} files sent to the remote"
    except RequestFailed as error:
        say(f"warning: the remote took nothing ({error}); `dvc push` later")
        return f"**not sent to the remote**: {error}"


def _status() -> tuple[set[str], set[str]]:
    """Changed tracked files, and untracked ones that git does not ignore."""
    root = Path.cwd()
    tracked = git(root, "diff", "--name-only", "--no-renames", "-z", "HEAD")
    untracked = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return set(tracked.split("\0")) - {""}, set(untracked.split("\0")) - {""}


def _below(path: str, folders: list[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
