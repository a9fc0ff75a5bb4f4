"""What `vermilion check --store` says: whether the store and the files that dvc.lock names are what they should be."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from flows.running.readiness import Finding
from tasks.base.escaping import visible
from tasks.base.words import counted, listed_lines

if TYPE_CHECKING:
    from tasks.store.verification import Flaw

SHOWN = 50
REMEDY = (
    "Whoever may write there can have changed them. To have a result computed again, remove its record and run "
    "`dvc repro --force STAGE`; to have a file back, `dvc checkout --force PATH`, where DVC's copy is whole"
)


@dataclass(frozen=True)
class Verified:
    """What was looked at, what was found wrong, and the stages that would be computed again."""

    results: int
    files: int
    flaws: "tuple[Flaw, ...]"
    again: tuple[str, ...]

    def findings(self) -> list[Finding]:
        """Each flaw; what to do; what would be computed again."""
        flaws = [
            f"{visible(f'{flaw.stage}: {flaw.problem}')}\n        {visible(str(flaw.path))}" for flaw in self.flaws
        ]
        found = [Finding("error", "store", line) for line in listed_lines(flaws, SHOWN)]
        wrong = (
            f"{len(self.flaws)} are not what is recorded of them" if self.flaws else "all are what is recorded of them"
        )
        told = f"{counted(self.results, 'result')} in the store, {counted(self.files, 'file')} of dvc.lock: {wrong}"
        return [
            *found,
            Finding("fact", "store", told),
            *([Finding("warning", "store", REMEDY)] if self.flaws else []),
            Finding("fact", "store", f"would be computed again: {', '.join(self.again) or 'nothing'}"),
        ]


def verified(root: Path) -> Verified:
    """Read every result of the project's store, of a shared folder behind it, and every file that dvc.lock names.

    Shows progress. InputError: DVC cannot read the project.
    """
    from flows.buckets.store import STORE
    from flows.repository import verification as lock
    from tasks import params
    from tasks.params.running import Runtime
    from tasks.schemas import every_schema
    from tasks.store import verification
    from tasks.store.artifacts import Store

    shared = params.load(Runtime, "runtime", root / "params.yaml").shared_store
    place = Path((shared or "").removeprefix("file://"))
    stores = [Store(root / STORE), *([Store(place)] if shared and place.is_dir() else [])]
    named = lock.locked(root)
    results = [one for store in stores for one in verification.to_verify(store)]
    flaws: list[Flaw] = []
    total, interval = sum(size for _, size in results) + sum(named.sizes()), 0.5 if sys.stderr.isatty() else 20.0
    with tqdm(total=total, desc="checking the store", unit="B", unit_scale=True, mininterval=interval) as bar:

        def advance(count: int) -> None:
            bar.update(count)

        for store in stores:
            flaws += verification.verify(store, schemas=every_schema(), advance=advance)
        flaws += lock.verify(named, advance=advance)
    again = tuple(sorted({*lock.stale(root), *(flaw.stage for flaw in flaws)}))
    return Verified(len(results), len(named.files), tuple(_relative(flaws, root)), again)


def _relative(flaws: "Iterable[Flaw]", root: Path) -> "Iterable[Flaw]":
    for flaw in flaws:
        inside = flaw.path.is_relative_to(root)
        yield replace(flaw, path=flaw.path.relative_to(root)) if inside else flaw
