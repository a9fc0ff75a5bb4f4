"""What runs are called: what they are for, while they wait, too.

In: a run's deployment, its parameters and when it is due. Out: its name. Prefect gives runs that a schedule or an event
begins a name of two random words; these are replaced. A name that a person gave stays. Knows no person and no file.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

RANDOM = re.compile(r"[a-z]+-[a-z]+|rebuild")
"""A name that says nothing: one that Prefect made up, such as `brave-otter`, or the flow's own."""

MADE_GOOD = ", made good"
FAILED = re.compile(r": [\w@, -]+ failed(?: \([\w. ]+\))?$")
"""What a run's name says at its end where stages failed (flows.serving.causes)."""


def night(due: datetime | None) -> str:
    """The nightly run that is due then, by the date of this machine."""
    return f"night {(due or datetime.now().astimezone()).astimezone():%Y-%m-%d}"


def made_good(missed: str | None, killed: Sequence[str]) -> tuple[str, str] | None:
    """The name of the night that makes good one that was missed or killed, and why it runs; None: there was none.

    A night that was killed while it made another one good is not begun again: it may be what kills.
    """
    if missed:
        return f"{missed}{MADE_GOOD}", "the last night was missed: it runs now"
    names = [name for name in killed if not name.endswith(MADE_GOOD)]
    return (f"{names[0]}{MADE_GOOD}", f"{names[0]} was killed: it goes on now") if names else None


def impersonal(name: str) -> str:
    """The name where it is one of a night; what a person called a run stays here."""
    is_night = re.fullmatch(r"night \d{4}-\d\d-\d\d", name.removesuffix(MADE_GOOD))
    return name if is_night else f"run of {datetime.now():%Y-%m-%d}"


def name_of(deployment: str | None, parameters: Mapping[str, Any], due: datetime | None) -> str:
    """The name of a run of this deployment; None: begun by hand. Parameters that are missing have their defaults."""
    about = str(parameters.get("about") or "")
    kind = (deployment or "rebuild").partition(" ")[0]  # on a shared server the project's name follows
    if kind == "nightly":
        return " ".join(filter(None, [night(due), about]))
    if kind == "reevaluate":
        return " ".join(filter(None, ["reevaluation", about]))
    stages = ", ".join(parameters.get("stages") or [])
    return ": ".join(filter(None, ["rebuild", about or stages]))


def renamed(name: str, deployment: str | None, parameters: Mapping[str, Any], due: datetime | None) -> str:
    """The name that a run should have: the one that it has, unless that says nothing. How it ended goes."""
    name = FAILED.sub("", name)
    return name_of(deployment, parameters, due) if RANDOM.fullmatch(name) else name
