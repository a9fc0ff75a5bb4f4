"""Whether what is shown belongs to the present data: what changed since the last run, as DVC sees it.

In: the project's folder. Out: sentences; none where all is current. Knows nothing of what stages compute.
"""

from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

SHOWN = ("evaluate", "report")
"""The stages whose outs people read."""
MOST = 3
"""Stages, numbers or files that are named one by one."""
AWAY = "is not there"


def not_current(root: Path) -> str | None:
    """Why the numbers and the page may not be of the present data; None where they are.

    Takes a second: DVC compares digests that it remembers.
    """
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.rwlock import RWLockFileCorruptedError

    try:
        with chdir(root), Repo(str(root)) as repo:
            changed = sorted(name for name in repo.status(list(SHOWN), with_deps=True) if not name.endswith(".dvc"))
    except (LockError, RWLockFileCorruptedError):
        return "a run is under way or was killed; its results come when it, or the next one, has ended"
    except (DvcException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return f"DVC cannot say whether they are of the present data: {first}"
    if not changed:
        return None
    return f"they are of an earlier run: {_listed(changed)} changed since; run `dvc repro`"


def earlier_networks(root: Path) -> list[str]:
    """A line for every network that is still the one of an earlier run, with what changed since.

    Those are the outs that dvc.yaml keeps (`persist`) until the next of their kind is whole: its training did not
    begin, is under way, or failed. Asks DVC about these stages alone, and takes no lock.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with chdir(root), Repo(str(root)) as repo:
            kept = [stage for stage in repo.index.stages if any(out.persist and out.exists for out in stage.outs)]
            found = {stage.addressing: list(_changes(stage)) for stage in kept}
    except (DvcException, OSError):
        return []  # `not_current` says so
    again = "`dvc repro` trains it again, or says why it cannot"
    return [f"{name}: its network is of an earlier run: {_listed(how)}; {again}" for name, how in found.items() if how]


def _changes(stage: Any) -> Iterator[str]:
    """What differs from dvc.lock: numbers with their values, then files and folders."""
    from dvc.dependency import ParamsDependency

    if stage.changed_stage():
        yield "its command changed"
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            yield from _numbers(dep.hash_info.value or {}, dep.read_params())
        elif not dep.exists:
            yield f"{dep} {AWAY}"
        elif dep.changed_checksum():
            yield f"{dep} changed"


def _numbers(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Every number that differs, by its whole name."""
    before, after = dict(_leaves(then)), dict(_leaves(now))
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = (repr(values[name]) if name in values else "not there" for values in (before, after))
        if old != new:
            yield f"{name} was {old} and is {new} now"


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", list(value) if isinstance(value, tuple) else value


def _listed(things: list[str]) -> str:
    more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
    return f"{', '.join(things[:MOST])}{more}"
