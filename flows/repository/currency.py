"""Whether what is shown belongs to the present data, parameters and code: what changed since, as DVC sees it.

In: the project's folder. Out: what differs, and which stages would run again; or a sentence. Knows nothing of what
stages compute.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SHOWN = ("evaluate", "report")
"""The stages whose outs people read."""
MOST = 3
"""Stages, numbers or files that are named one by one in a sentence."""
AWAY = "is not there"

Kind = Literal["data", "parameter", "code", "missing", "result"]
"""`missing`: a result is not here; `result`: a result was changed by hand, or by a run that was stopped."""


@dataclass(frozen=True)
class Change:
    """What differs from the last run: a folder, a number of params.yaml, code, a result. `how`: a number's values."""

    kind: Kind
    name: str
    how: str = ""


@dataclass(frozen=True)
class Currency:
    """`changes`: what differs; `changed`: the stages that see it; `stale`: these and all that follow, in DVC's order.

    `unknown`: why DVC cannot say.
    """

    changes: tuple[Change, ...] = ()
    changed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    unknown: str | None = None

    @property
    def current(self) -> bool:
        """Whether the report and the numbers are of the present data, parameters and code."""
        return not self.stale and self.unknown is None


def not_current(root: Path) -> str | None:
    """Why the numbers and the page may not be of the present data; None where they are."""
    found = currency(root)
    if found.unknown:
        return found.unknown
    if not found.changed:
        return None
    what = f"{_listed(sorted(found.changed))} changed since (`vermilion status` says what)"
    return f"they are of an earlier run: {what}; run `dvc repro`"


def currency(root: Path) -> Currency:
    """What differs from the last run of what people read. Takes a second: DVC compares digests that it remembers."""
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.repo import Repo
    from dvc.rwlock import RWLockFileCorruptedError

    try:
        with chdir(root), Repo(str(root)) as repo:
            status = repo.status(list(SHOWN), with_deps=True)
            changed = {name: how for name, how in status.items() if not name.endswith(".dvc")}
            return Currency(tuple(_changes(repo, changed)), tuple(changed), tuple(_following(repo, changed)))
    except (LockError, RWLockFileCorruptedError):
        said = "a run is under way or was killed; its results come when it, or the next one, has ended"
        return Currency(unknown=said)
    except (DvcException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return Currency(unknown=f"DVC cannot say whether they are of the present data: {first}")


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
            found = {stage.addressing: list(_differs(stage)) for stage in kept}
    except (DvcException, OSError):
        return []  # `not_current` says so
    again = "`dvc repro` trains it again, or says why it cannot"
    return [f"{name}: its network is of an earlier run: {_listed(how)}; {again}" for name, how in found.items() if how]


def _following(repo: Any, changed: Mapping[str, Any]) -> Iterator[str]:
    """The stages that would run again for the sake of what people read, in DVC's order."""
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

    graph = get_active_graph(repo.index.graph)
    again: set[Any] = set()
    for stage in plan_repro(graph, collect_stages(repo, list(SHOWN))):
        if stage.addressing in changed or again & set(graph.successors(stage)):
            again.add(stage)
            yield stage.addressing


def _changes(repo: Any, changed: Mapping[str, Any]) -> Iterator[Change]:
    """Where the changes come from. What one stage makes and another reads is told once, where it is made."""
    made = [Path(str(out)) for stage in repo.index.stages if not stage.is_data_source for out in stage.outs]
    seen: set[Change] = set()
    for stage in (stage for stage in repo.index.stages if stage.addressing in changed):
        told = [change for how in changed[stage.addressing] for change in _told(how, made)]
        for change in (*told, *_parameters(stage)):
            if change not in seen:
                seen.add(change)
                yield change


def _told(how: Any, made: Sequence[Path]) -> Iterator[Change]:
    """`how`: one of the things that `dvc status` says of a stage."""
    if not isinstance(how, Mapping):
        yield Change("code", "dvc.yaml")  # `changed command`
        return
    for path in how.get("changed outs", {}):
        yield Change("result" if Path(path).exists() else "missing", path)
    for path, state in how.get("changed deps", {}).items():
        if isinstance(state, Mapping):
            continue  # parameters
        if not any(Path(path).is_relative_to(out) or out.is_relative_to(path) for out in made):
            yield Change("code" if path.split("/")[0] in ("flows", "tasks") else "data", path)


def _parameters(stage: Any) -> Iterator[Change]:
    """Every number of the stage that differs from dvc.lock."""
    from dvc.dependency import ParamsDependency

    for dep in (dep for dep in stage.deps if isinstance(dep, ParamsDependency)):
        yield from (Change("parameter", *own) for own in _numbers(dep.hash_info.value or {}, dep.read_params()))


def _differs(stage: Any) -> Iterator[str]:
    """What differs from dvc.lock: numbers with their values, then files and folders."""
    from dvc.dependency import ParamsDependency

    if stage.changed_stage():
        yield "its command changed"
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            yield from (f"{name} {how}" for name, how in _numbers(dep.hash_info.value or {}, dep.read_params()))
        elif not dep.exists:
            yield f"{dep} {AWAY}"
        elif dep.changed_checksum():
            yield f"{dep} changed"


def _numbers(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every number that differs, by its whole name, and how."""
    before, after = dict(_leaves(then)), dict(_leaves(now))
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = (repr(values[name]) if name in values else "not there" for values in (before, after))
        if old != new:
            yield name, f"was {old} and is {new} now"


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", list(value) if isinstance(value, tuple) else value


def _listed(things: list[str]) -> str:
    more = f" and {len(things) - MOST} more" if len(things) > MOST else ""
    return f"{', '.join(things[:MOST])}{more}"
