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

Kind = Literal["data", "parameter", "code", "missing", "result"]
"""`missing`: a result is not here; `result`: a result was changed by hand, or by a run that was stopped."""


@dataclass(frozen=True)
class Change:
    """What differs from the last run: a folder, a number of params.yaml, code, or a result."""

    kind: Kind
    name: str


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
    changed = sorted(found.changed)
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""  # noqa: PLR2004
    what = f"{', '.join(changed[:3])}{more} changed since (`vermilion status` says what)"
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
    for how in (how for stage in changed.values() for how in stage):
        for change in _told(how, made):
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
            yield from (Change("parameter", key) for key in state)
        elif not any(Path(path).is_relative_to(out) or out.is_relative_to(path) for out in made):
            yield Change("code" if path.split("/")[0] in ("flows", "tasks") else "data", path)
