"""Why a run failed, with the cause first: what its state, its log, `vermilion status` and the terminal say.

In: what became of every stage. Out: text whose first line is the stage and its reason, then what to do, then what else
happened. Knows nothing of Prefect, nor of what stages compute.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.base.words import listed, listed_lines

EXCEPTION = re.compile(r"[\w.]*(Error|Exception)\b")
"""The line of a traceback that says what went wrong."""
LOGGED = re.compile(r"\d\d:\d\d:\d\d\.\d{3} \| ")
"""How a line of Prefect's own begins; some come after the stage's last word."""
KILLED = re.compile(r"killed \(exit code (-?\d+)\)")
PARAMETER = re.compile(r"params\.yaml: line \d+: ([a-z0-9_.]+): ")
NAMED = 2
"""So many failed stages are in the run's name."""
SHOWN = 5
"""So many failed stages are told, and so many of those below them."""


@dataclass(frozen=True)
class Outcome:
    """What became of a stage. `said`: its own last word, or why it failed."""

    stage: str
    state: str
    seconds: float
    said: str


def why_failed(own: str, lines: Sequence[str], error: str) -> str:
    """One line: the signal that killed the stage, what it said at its end, or a traceback's exception.

    `own`: the stage's name as it says it; `lines`: all that it printed; `error`: DVC's own word.
    """
    if (code := re.search(r"exited with (-\d+|1[2-9]\d)$", error)) is not None:
        return f"killed (exit code {code[1]})"
    told = [line for line in lines if not LOGGED.match(line)]
    last = [line for line in told if line.startswith(f"{own}: ") or EXCEPTION.match(line)] or told or [error]
    return last[-1].removeprefix(f"{own}: ")


def cause(outcomes: Sequence[Outcome]) -> str:
    """The failed stages with their reasons, what to do, and what did not run because of them. Empty: none failed."""
    failed = [outcome for outcome in outcomes if outcome.state == "Failed"]
    if not failed:
        return ""
    reasons = [f"{outcome.stage}: {outcome.said}" for outcome in failed]
    lines = listed_lines(reasons, SHOWN, "stage failed", "stages failed")
    blocked = [outcome.stage for outcome in outcomes if outcome.state == "Blocked"]
    if blocked:
        lines.append(f"Not run because of that: {listed(blocked, SHOWN)}.")
    return "\n".join([lines[0], advice(failed[0].said), *lines[1:]])


def which_failed(outcomes: Sequence[Outcome]) -> str:
    """For the run's name, which stands on top of its page and in lists: `evaluate failed (the disk is full)`."""
    failed = [outcome for outcome in outcomes if outcome.state == "Failed"]
    why = _in_short(failed[0].said) if failed else ""
    return f"{listed([outcome.stage for outcome in failed], NAMED)} failed{why and f' ({why})'}"


def _in_short(said: str) -> str:
    """A few words on the cause, where they can name nobody: other accounts of a server may see runs' names."""
    if KILLED.search(said):
        return "killed"
    if "No space left" in said or "were free)" in said:
        return "the disk is full"
    if EXCEPTION.match(said):
        return "a fault of the program"
    if found := PARAMETER.match(said):
        return f"{found[1]} in params.yaml"
    return "the training diverged" if said.startswith("the training diverged") else ""


def advice(said: str) -> str:
    """What to do about a stage that failed in these words."""
    if KILLED.search(said):
        return "Killed by somebody, or for want of memory (lower runtime.workers); `vermilion rebuild` goes on."
    if EXCEPTION.match(said):
        return "A fault of the program: report it with the stage's log, without photographs; what was computed is kept."
    return "Put that right, then `vermilion rebuild`; what was computed is kept."
