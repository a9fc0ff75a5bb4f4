"""What is left of a person after a withdrawal: searched on this machine, and named where only others can remove it.

In: who was withdrawn. Out: a line for every file that still has something, and the commands for what no program here
reaches: other clones, remotes, shared stores, Prefect's other servers and databases, backups, git's history.
"""

import hashlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from flows.repository.commits import git
from flows.running.elsewhere import noted
from flows.stewards.fates import called_after, survey
from flows.stewards.meant import Withdrawal, said_of_lost
from flows.stewards.outs import open_project
from flows.stewards.traces import Person, telling, traces
from tasks import params
from tasks.params.running import Runtime


def search(found: Withdrawal, root: Path) -> list[tuple[str, str]]:
    """Where something of the person is: the place, and `bytes`, `digest` or `name`."""
    person, ground, here = found.person, survey(found, root, open_project(root)), []
    for file in ground.files(all_of_dvc=True):
        what = traces(file, person)
        if what is None and called_after(file, person, ground):
            what = "name"
        if what:
            here.append((str(file), what))
    return here + [(f"git's history: {commit}", what) for commit, what in _in_git(found.person, root)]


def _in_git(person: Person, root: Path) -> Iterator[tuple[str, str]]:
    """Commits that brought or took away an id or a name of the person."""
    words = sorted({name for name in (person.subject, *person.names) if name and telling(name)})
    finds = [("digest", "-S", term) for term in (*person.images, *person.frames)]
    if words:  # -G looks into the lines of texts alone, not into pictures
        border, names = r"[^[:alnum:]_-]", "|".join(map(_quoted, words))
        finds.append(("name", "-G", f"(^|{border})({names})($|{border})"))
    for what, how, term in finds:
        commits = git(root, "log", "--all", "--format=%h", how, term, check=False).split()
        yield from ((commit, what) for commit in commits)


def _quoted(name: str) -> str:
    """The name as git's regular expressions want it."""
    return re.sub(r"([\\.^$|()\[\]{}*+?])", r"\\\1", name)


def git_id(content: bytes) -> str:
    """What git calls these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def elsewhere(root: Path, found: Withdrawal) -> Iterator[str]:
    """What cannot be reached from here, and the commands for it, line by line."""
    remotes = git(root, "remote", check=False).split()
    yield "what this command cannot reach:"
    for remote in remotes:
        yield f"  git remote {remote}:  git push {shlex.quote(remote)}"
    yield "  every other clone:  git pull && vermilion withdraw (with the same name), or delete the clone"
    for name in _dvc_remotes(root):
        own = shlex.quote(name)
        yield f"  DVC remote {name}:  dvc push -r {own} && dvc gc --workspace --cloud -r {own}"
        yield "    (gc removes there whatever the present version does not name; ask who else uses it)"
    if shared := params.load(Runtime, "runtime", root / "params.yaml").shared_store:
        yield f"  shared store {shared}: results of other machines; delete it, the next run fills it again:"
        yield f"    {_removal(shared)}"
    if found.lost:
        yield f"  undone batches{said_of_lost(found.lost).removeprefix(';')}"
    for place in noted():
        yield f"  {place}: this project's logs and artifacts there may name the photographs; delete its runs there:"
        yield "    prefect flow-run ls; prefect flow-run delete ID; or, if nobody else uses it: prefect database reset"
    yield "  backups, exported results, pages and networks that were sent to others: ask who has them"
    yield "  names in git's history, if any were found:  git filter-repo --replace-text FILE, then push with --force"


def _removal(shared: str) -> str:
    if "://" in shared and not shared.startswith("file://"):
        return f"delete everything below {shared} with the tool of that store"
    place = shlex.quote(shared.removeprefix("file://"))
    return f"rm -r {place}/objects {place}/references"


def _dvc_remotes(root: Path) -> list[str]:
    from dvc.repo import Repo

    with Repo(str(root)) as repo:
        return sorted(repo.config["remote"])


def said(remains: list[tuple[str, str]], root: Path) -> Iterator[str]:
    """What the search found, in words."""
    if not remains:
        yield "searched afterwards: no bytes, no digest and no name of the person in the project"
        return
    yield f"searched afterwards: {len(remains)} places still have something; look at each:"
    for place, what in remains:
        shown = Path(place)
        yield f"  {what}: {shown.relative_to(root) if shown.is_relative_to(root) else place}"
