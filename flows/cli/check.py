"""`vermilion check`: parameters, data and machine, before hours of work."""

import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.project import JSON, project_root
from flows.cli.terminal import say
from tasks.base.words import counted

if TYPE_CHECKING:
    from flows.running.readiness import Finding

WIDTH = 80
MARKS = {"error": "wrong", "warning": "note", "fact": ""}


STORE = Annotated[
    bool, typer.Option("--store", help="Read every stored result and every file that dvc.lock names, too: minutes.")
]


MEND = Annotated[
    bool, typer.Option("--mend", help="First close every file of people to other accounts, also inside closed folders.")
]


BESIDES = ("store", "telling")
"""What may be wrong and stops no run: results that are missing are computed again."""

TELL = Annotated[bool, typer.Option("--tell", help="Send a test message to whom a failed night tells (nightly.tell).")]


ALL = Annotated[bool, typer.Option("--all", help="Every line and file, not the first five of a kind.")]


def check(
    store: STORE = False, mend: MEND = False, tell: TELL = False, every: ALL = False, as_json: JSON = False
) -> None:
    """Look at everything that a run needs: params.yaml, data, weights, disk, memory, cards. Without --mend: no change.

    Exit code 0: all is well; 1: there are notes (something is refused, skipped or short); 2: something is wrong.
    """
    root = project_root()
    from flows.running.readiness import quick

    found = quick(root)
    found += [_mended(root)] if mend else []
    if not any(finding.about == "params.yaml" for finding in found):
        from flows.pages.lost import corrected
        from flows.running.holdings import TOLD
        from flows.running.inspection import inspect

        found += inspect(root, most=sys.maxsize if every else TOLD)
        found += corrected(root)
        if store:
            from flows.cli.verified import verified

            found += verified(root).findings()
        if tell:
            found += _told(root)
    if as_json:
        print(json.dumps([vars(finding) for finding in found], indent=1))
    else:
        say("\n".join(_lines(found)))
    levels = {finding.level for finding in found}
    raise typer.Exit(2 if "error" in levels else 1 if "warning" in levels else 0)


def _mended(root: Path) -> "Finding":
    """Close what holds people, file by file; how much was open."""
    from flows.running.privacy import mend
    from flows.running.readiness import Finding

    closed = len(mend(root))
    return Finding(
        "fact",
        "privacy",
        f"{counted(closed, 'file or folder', 'files and folders')} could be read by other accounts; none can now",
    )


def _told(root: Path) -> "list[Finding]":
    """Send a test message; by which ways it went, or why not."""
    from flows.running.readiness import Finding
    from flows.serving.telling import Night, send
    from tasks import params
    from tasks.params.running import Nightly

    settings = params.load(Nightly, "nightly", root / "params.yaml").tell
    if settings is None:
        return [Finding("warning", "telling", "params.yaml: nightly.tell is null, so nobody is told of anything")]
    said: list[str] = []
    send(root, settings, Night("check", state="test"), said.append)
    return [
        Finding("error" if line.startswith("warning: ") else "fact", "telling", line.removeprefix("warning: "))
        for line in said
    ]


def _lines(found: "Sequence[Finding]") -> list[str]:
    """What is wrong first, then notes, then facts; a last line sums up."""
    order = list(MARKS)
    lines = []
    for finding in sorted(found, key=lambda one: order.index(one.level)):
        head = f"{MARKS[finding.level]:6}{finding.about:12} "
        first, *rest = finding.said.split("\n")
        lines += textwrap.wrap(first, WIDTH, initial_indent=head, subsequent_indent=" " * 8, break_on_hyphens=False)
        lines += rest  # to be pasted as it stands
    wrong, notes = (sum(finding.level == level for finding in found) for level in ("error", "warning"))
    stops = any(finding.level == "error" and finding.about not in BESIDES for finding in found)
    then = ": no run can begin. " if stops else "; a run can begin all the same. "
    ends = f"{counted(wrong, 'thing')} wrong{then}" if wrong else "Nothing stops a run. "
    lines.append(f"{ends}{counted(notes, 'note')} above." if notes else ends.strip() if wrong else "All is well.")
    return lines
