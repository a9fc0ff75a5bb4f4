"""Whether what is shown belongs to the present data, parameters and code: what changed since, as DVC sees it.

In: the project's folder. Out: what differs, and which stages would run again; or a sentence. Knows nothing of what
stages compute.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from flows import PROJECT
from tasks.base.processes import die_with_parent
from tasks.base.words import listed
from tasks.pages.notices import Notice

SHOWN = ("evaluate", "report")
"""The stages whose outs people read."""
MOST = 3
"""Stages, numbers or files that are named one by one in a sentence."""
AGAIN = "`vermilion rebuild` trains again, or says why it cannot"

Kind = Literal["data", "parameter", "code", "missing", "result", "unknown"]
"""`missing`: a result is not here; `result`: a result was changed by hand, or by a run that was stopped; `unknown`: a
stage of which dvc.lock says nothing, since it never ran or a withdrawal took it out."""


@dataclass(frozen=True)
class Change:
    """What differs from the last run: a folder, a number of params.yaml, code, a result. `how`: a number's values."""

    kind: Kind
    name: str
    how: str = "changed"

    def __str__(self) -> str:
        return f"{self.name} {self.how}"


@dataclass(frozen=True)
class Currency:
    """`changes`: what differs; `changed`: the stages that see it; `stale`: these and all that follow, in DVC's order.

    `untrained`: those of `changed` that train. `unknown`: why DVC cannot say.
    """

    changes: tuple[Change, ...] = ()
    changed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()
    unknown: str | None = None

    @property
    def current(self) -> bool:
        """Whether the report and the numbers are of the present data, parameters and code."""
        return not self.stale and self.unknown is None

    @property
    def but_networks(self) -> bool:
        """Whether they are, but for networks that were not trained again: a re-evaluation leaves them for the night."""
        return bool(self.changed) and self.changed == self.untrained


def told_of(root: Path) -> list[Notice]:
    """What must be told of the numbers and the networks that are here, as `not_current` and `earlier_networks`."""
    from flows.repository.looking import at_once

    with at_once():
        stale = not_current(root)
        return [*([stale.after("Of what these numbers are read beside: ")] if stale else []), *earlier_networks(root)]


@contextmanager
def told_meanwhile(root: Path) -> Iterator[Callable[[], list[Notice]]]:
    """`told_of` by a process of its own, which asks DVC while the caller imports what takes as long (torch)."""
    command = [sys.executable, "-m", "flows.repository.currency", str(root.resolve())]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as asked:

        def told() -> list[Notice]:
            answer, _ = asked.communicate()
            return told_of(root) if asked.returncode else [Notice(*own) for own in json.loads(answer)]

        try:
            yield told
        finally:
            asked.kill()  # where nobody waited for it


def not_current(root: Path) -> Notice | None:
    """Why the numbers and the page may not be of the present data; None where they are."""
    found = currency(root)
    if found.unknown:
        return Notice(found.unknown)
    if not found.changed:
        return None
    if found.but_networks:
        names = listed(sorted(found.changed), MOST)
        return Notice(
            f"they are of the present photographs and ratings, by networks of an earlier run ({names})", AGAIN
        )
    again = "run `vermilion rebuild` (`vermilion status` says what changed)"
    what = _named(found.changes, lambda change: change.name) or sorted(found.changed)
    return Notice(f"they are of an earlier run: {listed(what, MOST)} changed since", again)


def _named(changes: Sequence[Change], said: Callable[[Change], str]) -> list[str]:
    """What people changed, before what follows from it; of code no file, since nobody but its developers knows them."""
    own = [said(change) for kind in ("data", "parameter") for change in changes if change.kind == kind]
    code = ["the programs"] if any(change.kind == "code" for change in changes) else []
    return [*own, *code, *(said(change) for change in changes if change.kind in ("missing", "result", "unknown"))]


def currency(root: Path) -> Currency:
    """What differs from the last run of what people read. Takes a second: DVC compares digests that it remembers."""
    from dvc.exceptions import DvcException
    from dvc.lock import LockError
    from dvc.repo import Repo, lock_repo
    from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
    from dvc.rwlock import RWLockFileCorruptedError

    from flows.repository.looking import at_once

    try:
        with at_once(), chdir(root), Repo(str(root)) as repo, lock_repo(repo):
            graph = get_active_graph(repo.index.graph)
            plan = plan_repro(graph, collect_stages(repo, list(SHOWN)))
            return _currency(plan, graph, {stage: how for stage in plan if (how := list(_differs(stage)))})
    except (LockError, RWLockFileCorruptedError):
        said = "a run is under way or was killed; its results come when it, or the next one, has ended"
        return Currency(unknown=said)
    except (DvcException, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        return Currency(unknown=f"DVC cannot say whether they are of the present data: {first}")


def earlier_networks(root: Path) -> list[Notice]:
    """A line for every network that is still the one of an earlier run, with what changed since.

    Those are the outs that dvc.yaml keeps (`persist`) until the next of their kind is whole: its training did not
    begin, is under way, or failed. Asks DVC about these stages alone, and takes no lock.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    from flows.repository.looking import at_once

    try:
        with at_once(), chdir(root), Repo(str(root)) as repo:
            kept = [stage for stage in repo.index.stages if any(out.persist and out.exists for out in stage.outs)]
            found = {stage.addressing: list(_reads(stage)) for stage in kept}
    except (DvcException, OSError):
        return []  # `not_current` says so
    return [
        Notice(f"{name}: its network is of an earlier run: {listed(_named(how, str), MOST)}", AGAIN)
        for name, how in found.items()
        if how
    ]


def _currency(plan: list[Any], graph: Any, found: Mapping[Any, list[Change]]) -> Currency:
    """`plan`: the stages in DVC's order. What one makes and another reads is told once, where it is made."""
    made = [Path(str(out)) for stage in plan if not stage.is_data_source for out in stage.outs]
    every = dict.fromkeys(change for how in found.values() for change in how)  # each once, in the stages' order
    return Currency(
        changes=tuple(change for change in every if change.kind != "data" or not _is_made(Path(change.name), made)),
        changed=tuple(stage.addressing for stage in found),
        stale=tuple(_following(plan, graph, found)),
        untrained=tuple(stage.addressing for stage in found if (stage.meta or {}).get("training")),
    )


def _is_made(path: Path, made: list[Path]) -> bool:
    return any(path.is_relative_to(out) or out.is_relative_to(path) for out in made)


def _following(plan: list[Any], graph: Any, found: Container[Any]) -> Iterator[str]:
    """The stages that would run again: those that were found to differ, and all that follow."""
    again: set[Any] = set()
    for stage in plan:
        if stage in found or again & set(graph.successors(stage)):
            again.add(stage)
            yield stage.addressing


def _differs(stage: Any) -> Iterator[Change]:
    """What differs from dvc.lock: what the stage reads, then what it made. Nothing of data that DVC only keeps."""
    if stage.is_data_source:
        return
    yield from _reads(stage)
    for out in stage.outs:
        if not out.exists:
            yield Change("missing", str(out), "is not there")
        elif out.changed_checksum():
            yield Change("result", str(out))


def _reads(stage: Any) -> Iterator[Change]:
    """What the stage reads and differs from dvc.lock: its command, numbers with their values, files and folders."""
    from dvc.dependency import ParamsDependency

    if not any(one.hash_info for one in (*stage.deps, *stage.outs)):
        yield Change("unknown", stage.addressing, "has not run here, or what it did was forgotten")
        return
    if stage.changed_stage():
        yield Change("code", "dvc.yaml")
    for dep in stage.deps:
        if isinstance(dep, ParamsDependency):
            for name, how in _numbers(dep.hash_info.value or {}, dep.read_params()):
                yield Change("parameter", name, how)
        elif not dep.exists or dep.changed_checksum():
            how = "changed" if dep.exists else "is not there"
            yield Change("code" if str(dep).split("/")[0] in ("flows", "tasks") else "data", str(dep), how)


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


if __name__ == "__main__":
    die_with_parent()
    print(json.dumps([(notice.shown, notice.advice) for notice in told_of(Path(sys.argv[1]))]))
