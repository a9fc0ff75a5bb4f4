"""What is left of a person after a withdrawal: searched on this machine, and named where only others can remove it.

In: who was withdrawn. Out: a line for every file that still has something, and the commands for what no program here
reaches: other clones, remotes, shared stores, Prefect's other servers and databases, backups, git's history.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flows.repository.commits import git
from flows.running.elsewhere import noted
from flows.stewards.outside_folders.batch_sources import said_of_source
from flows.stewards.traces.in_files import UNLOOKED
from flows.stewards.traces.person import Person, telling
from flows.stewards.withdrawal.dvc_outs import open_project
from flows.stewards.withdrawal.file_actions import RESULTS, looked, survey
from flows.stewards.withdrawal.prefect_servers import Reached
from flows.stewards.withdrawal.program_files import shipped
from flows.stewards.withdrawal.who_is_meant import Withdrawal, said_of_lost
from tasks import params
from tasks.base.words import counted
from tasks.params.running import Runtime


class Remains(NamedTuple):
    """`found`: each place with something of the person, and `bytes`, `packed`, `digest` or `name`.

    `unread`: each file that could not be looked into, and why. `short`: whether the person's name tells nothing.
    `examples`: the program's own files in which somebody is called so.
    """

    found: list[tuple[str, str]]
    unread: list[tuple[str, str]]
    short: str | None = None
    examples: tuple[str, ...] = ()


def search(found: Withdrawal, root: Path) -> Remains:
    """Where something of the person is, and where it could not be looked for.

    What stages made is not named where only chance could be told from a short name: it went where the person was in
    what it was made from.
    """
    person, project = found.person, open_project(root)
    ground, here, unread, examples = survey(found, root, project), [], [], []
    program = shipped(root)
    own = (project.cache, *project.own_caches, *project.made(), root / RESULTS, *ground.drawn)

    def closed(error: OSError) -> None:
        unread.append((str(error.filename), f"a folder that cannot be opened ({error.strerror})"))

    for file in ground.files(all_of_dvc=True, closed=closed):
        seen = looked(file, person, ground)
        by_chance = file in program or any(file.is_relative_to(place) for place in own)
        if seen.what == "name" and file in program:
            examples.append(str(file))
        elif seen.what:
            here.append((str(file), seen.what))
        elif seen.unread and not (seen.unread == UNLOOKED and by_chance):
            unread.append((str(file), seen.unread))
    here += [(f"git's history: {commit}", what) for commit, what in _in_git(person, root)]
    untold = person.subject if person.subject and not telling(person.subject) else None
    return Remains(here, unread, untold, tuple(examples))


def _in_git(person: Person, root: Path) -> Iterator[tuple[str, str]]:
    """Commits that brought or took away an id or a name of the person."""
    words = person.said
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


def elsewhere(root: Path, found: Withdrawal, reached: Reached) -> Iterator[str]:
    """What cannot be reached from here, and the commands for it, line by line; first what was reached elsewhere."""
    if reached.places:
        yield (
            f"{', '.join(sorted(reached.places))}: {counted(reached.deleted, 'run')} that mentioned the person deleted"
        )
    if reached.trouble:
        yield f"not cleaned, though a server is there: {reached.trouble}"
    remotes = git(root, "remote", check=False).split()
    yield "what this command cannot reach:"
    yield from (f"  {said_of_source(Path(folder), found.person)}" for folder in found.brought)
    if found.sheets:
        shown = ", ".join(found.sheets)
        yield f"  blinded sheets that show the person without a name: {shown}; whoever has one deletes it"
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
    for place in sorted({*noted()} - reached.places):
        yield f"  {place}: this project's logs and artifacts there may name the photographs; delete its runs there:"
        yield "    prefect flow-run ls; prefect flow-run delete ID; or, if nobody else uses it: prefect database reset"
    yield (
        "  other folders outside the project: those that batches were added from on other machines, and that "
        "benchmarks were given (--also): look there"
    )
    yield "  backups, exported results, pages and networks that were sent to others: ask who has them"
    yield "  names in git's history, if any were found:  git filter-repo --replace-text FILE, then push with --force"


def _removal(shared: str) -> str:
    if "://" in shared and not shared.startswith("file://"):
        return f"delete everything below {shared} with the tool of that store"
    place = shlex.quote(shared.removeprefix("file://"))
    return f"rm -r {place}/objects {place}/references"


def _dvc_remotes(root: Path) -> list[str]:
    from flows.repository.looking import opened

    with opened(root) as repo:
        return sorted(repo.config["remote"])


def said(remains: Remains, root: Path) -> Iterator[str]:
    """What the search found, in words."""
    if remains.found:
        yield f"searched afterwards: {counted(len(remains.found), 'place')} still with something; look at each:"
        yield from (f"  {what}: {_shown(place, root)}" for place, what in remains.found)
    else:
        inside = ", as far as it could be looked into" if remains.unread else ""
        yield f"searched afterwards: no bytes, no digest and no name of the person in the project{inside}"
    if remains.short:
        yield f"  the name {remains.short} was looked for in columns of subjects only: elsewhere it may be any number"
    if remains.examples:
        shown = ", ".join(_shown(place, root) for place in remains.examples)
        yield f"  examples of the program have such a name; leave them, unless you wrote there yourself: {shown}"
    by_reason: dict[str, list[str]] = {}
    for place, why in remains.unread:
        by_reason.setdefault(why, []).append(place)
    for why, places in sorted(by_reason.items()):
        yield f"not looked into, so look yourself: {why}"
        yield from (f"  {_shown(place, root)}" for place in places)


def _shown(place: str, root: Path) -> str:
    return str(Path(place).relative_to(root)) if Path(place).is_relative_to(root) else place
