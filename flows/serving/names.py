"""What runs are called: what they are for, while they wait, too.

In: a run's deployment, its parameters and when it is due. Out: its name. Prefect gives runs that a schedule or an event
begins a name of two random words; these are replaced. A name that a person gave stays. Knows no person and no file.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

RANDOM = re.compile(r"[a-z]+-[a-z]+|rebuild")
"""A name that says nothing: one that Prefect made up, such as `brave-otter`, or the flow's own."""

MADE_GOOD = ", made good"
FAILED = re.compile(r": [\w@, -]+ failed$")
"""What a run's name says at its end where stages failed (flows.serving.causes)."""


def night(due: datetime | None) -> str:
    """The nightly run that is due then, by the date of this machine."""
    return f"night {(due or datetime.now().astimezone()).astimezone():%Y-%m-%d}"


def made_good(name: str) -> str:
    """The run that makes good what a night of this name left; such a run is not made good again."""
    return f"{name}{MADE_GOOD}"


def impersonal(name: str) -> str:
    """The name where it is one of a night; what a person called a run stays here."""
    return (
        name if re.fullmatch(rf"night \d{{4}}-\d\d-\d\d({MADE_GOOD})?", name) else f"run of {datetime.now():%Y-%m-%d}"
    )


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
