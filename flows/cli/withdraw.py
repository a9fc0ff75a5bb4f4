"""`vermilion withdraw`: a person's consent is gone."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.project import project_root
from flows.cli.terminal import say

if TYPE_CHECKING:
    from flows.stewards.withdrawal.who_is_meant import Withdrawal


def withdraw(
    target: Annotated[
        str | None,
        typer.Argument(metavar="SUBJECT|PHOTOGRAPH", help="A subject_id; or a photograph's name, path or image_id."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, what would be touched is shown.")] = False,
    also: Annotated[list[Path] | None, typer.Option(help="A folder outside that may hold copies.")] = None,
    commit: Annotated[bool, typer.Option(help="One git commit of the tombstones and of what is left.")] = True,
) -> None:
    """Consent is gone: remove all that this machine has of a person, and refuse the photographs ever after.

    Removes photographs (raw folder, batches, drop folders), lines, results, what the store and DVC's cache have of
    them, old versions too, pages, names in Prefect's database and logs (on a server of your own: the runs that have
    one); networks that saw the person, which train again at the next full run. Searches afterwards, and says what it
    cannot reach and which commands do it there. Killed in between: run it again without a name; with another name, that
    one comes after it.

    \b
    vermilion withdraw p071
    vermilion withdraw p071 --yes
    vermilion withdraw patients/p071_2019.jpg --yes --also /srv/share/old

    Exit code 0: nothing is left; 1: the search found something; 2: it could not be done.
    """
    folders = tuple(path.absolute() for path in also or ())
    os.chdir(project_root())
    root = Path.cwd()
    from flows.buckets.store import STORE
    from flows.stewards.withdrawal import who_is_meant, withdrawing
    from tasks.store.artifacts import Store

    begun = who_is_meant.under_way(root)
    if begun is None and target is None:
        raise typer.BadParameter("name a subject or a photograph")
    left = False
    if begun is not None:
        say("a withdrawal was cut off; this goes on with it")
        left = _remove(begun, root, commit=commit)
    if target is not None and not (begun and who_is_meant.is_of(target, begun, root)):
        if begun is not None:
            say(f"that was not {target}, who comes now")
        found = who_is_meant.find(target, root, also=folders)
        withdrawing.show(found, root, Store(root / STORE), say)
        if not yes and not (sys.stdin.isatty() and typer.confirm("remove all of this now?", default=False)):
            say("nothing of this was changed; --yes does it" if begun else "nothing was changed; --yes does it")
            raise typer.Exit(left)
        left = _remove(found, root, commit=commit) or left
    say("to compute again what is touched, networks too: dvc repro")
    raise typer.Exit(left)


def _remove(found: "Withdrawal", root: Path, *, commit: bool) -> bool:
    """Remove it all; whether something is left, or could not be done elsewhere."""
    from flows.buckets.store import STORE
    from flows.stewards.withdrawal import prefect_servers, what_is_left, who_is_meant, withdrawing
    from tasks.store.artifacts import Store

    found = withdrawing.withdraw(found, root, Store(root / STORE), commit=commit, tell=say)
    reached = prefect_servers.clean(root, found.person)
    left = what_is_left.search(found, root)
    for line in (*what_is_left.said(left, root), *what_is_left.elsewhere(root, found, reached)):
        say(line)
    who_is_meant.finished(root)
    return bool(left.found or reached.trouble)
