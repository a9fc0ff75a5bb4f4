"""A run's result, versioned: dvc.lock and the headline metrics as one git commit; data and commits sent to remotes.

In: the repository after a run. Out: at most one commit, of exactly those files, and what was sent: first the data to
DVC's remote, then the commits to git's, so that whoever pulls commits finds their data. A remote that fails is a
warning: the result is there. Knows neither stages nor Prefect. Commits and messages name no photograph.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.repository.client import Repository, RequestFailed, Say
from flows.repository.commits import commit_only, git
from flows.repository.pushing import push_branch
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.params.running import Nightly

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Published:
    """`lines`: what was done, in words; `trouble`: what was not, why, and what to do."""

    lines: list[str]
    trouble: list[str]


def fetch_missing(repository: Repository, say: Say) -> None:
    """Fetch from DVC's remote, if one is configured, the outs that are named in dvc.lock and not here."""
    if not repository.ask("remote", say):
        return
    absent = [row["name"] for row in repository.ask("plan", say, targets=None) if row["missing"] and row["in_lock"]]
    if not absent:
        return
    try:
        say(f"{counted(repository.ask('pull', say, targets=absent), 'file')} fetched from the remote")
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
    published = Published([], [])
    if settings.commit:
        _commit(published, {LOCK, *kept}, list(deps), changes)
    elif settings.push:
        _by_hand(published, {LOCK, *kept})
    if settings.push:
        _push(published, repository, say)
    for line in published.trouble:
        say(f"warning: {line}")
    return published


def _commit(published: Published, ours: set[str], deps: list[str], changes: list[dict[str, Any]]) -> None:
    """Commit `ours` alone, unless something else that results may depend on is not committed."""
    root = Path.cwd()
    try:
        tracked, untracked = _status()
        foreign = sorted((tracked - ours) | {path for path in untracked - ours if _below(path, deps)})
        if foreign:
            raise InputError(f"first commit or undo your own changes of {', '.join(foreign[:5])}")
        changed = sorted((tracked | untracked) & ours)
        if changed:
            commit_only(root, [root / path for path in changed], f"Nightly: {_headline(changes)}")
    except InputError as error:
        published.trouble.append(f"not committed: {error}")
        return
    said = f"committed {git(root, 'rev-parse', '--short', 'HEAD')}: {', '.join(changed)}"
    published.lines.append(said if changed else "nothing to commit: results are those of the last commit")


def _by_hand(published: Published, ours: set[str]) -> None:
    """Say it where somebody else should commit and has not: what is sent then would not be this result."""
    try:
        changed = sorted(set().union(*_status()) & ours)
    except InputError as error:
        published.trouble.append(str(error))
        return
    if changed:
        how = f"`git commit {' '.join(changed)}`, or commit: true"
        published.trouble.append(
            f"not committed: params.yaml has nightly: commit: false, and this result is new; {how}"
        )


def _headline(changes: list[dict[str, Any]]) -> str:
    """The first line says how many numbers changed, the others which."""
    moved = [row for row in changes if row["before"] != row["now"]]
    if not moved:
        return "results rebuilt, metrics unchanged"
    rows = [f"{row['metric']}: {_short(row['before'])} -> {_short(row['now'])}" for row in moved]
    return "\n".join([f"{len(moved)} of {len(changes)} metrics changed", "", *rows])


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _push(published: Published, repository: Repository, say: Say) -> None:
    """Data to DVC's remote, then commits to git's; the second only after the first."""
    if published.trouble:
        published.trouble.append("not pushed: the result is not committed")
        return
    if repository.ask("remote", say):
        try:
            published.lines.append(f"{counted(repository.ask('push', say), 'file')} sent to DVC's remote")
        except RequestFailed as error:
            said = "see whether `dvc push` works by hand. Nothing was pushed to git either: commits go after their data"
            published.trouble.append(f"DVC's remote took nothing ({error}); {said}")
            return
    else:
        said = "`dvc remote add --default NAME ADDRESS` names one; until then colleagues get numbers and no data"
        published.trouble.append(f"no data were sent: there is no DVC remote; {said}")
    try:
        sent = push_branch(Path.cwd())
    except InputError as error:
        published.trouble.append(f"not pushed to git: {error}")
        return
    (published.lines if sent.well else published.trouble).append(sent.said)


def _status() -> tuple[set[str], set[str]]:
    """Changed tracked files, and untracked ones that git does not ignore."""
    root = Path.cwd()
    tracked = git(root, "diff", "--name-only", "--no-renames", "-z", "HEAD")
    untracked = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return set(tracked.split("\0")) - {""}, set(untracked.split("\0")) - {""}


def _below(path: str, folders: list[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)
