"""What DVC keeps of a person: outs, the networks that saw them, dvc.lock, the cache with its old versions.

In: dvc.yaml, dvc.lock, the outs. Out: the stages and files that a withdrawal concerns, read from DVC, and DVC's records
brought in line. A training stage saw a person when a table that it reads has a row of theirs: every such stage for
controls; for patients those whose `meta` in dvc.yaml says `patients` (law 7: the others train on controls alone).
"""

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import chdir, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from flows.stewards.batches.dvc_tracking import Tell
from flows.stewards.traces.file_kinds import kind_of
from flows.stewards.traces.in_files import files_below, in_table, look, made_by, same_bytes
from flows.stewards.traces.person import Person
from tasks import params
from tasks.base.absence import reason_of
from tasks.base.tables import replacing
from tasks.errors import InputError
from tasks.params.running import Data


def cached(cache: Path, digest: str) -> Path:
    """Where DVC's cache has, or would have, the object of this digest."""
    return cache / "files/md5" / digest[:2] / digest[2:]


@dataclass(frozen=True)
class Step:
    """A stage: what it reads and makes, as absolute paths; `named`: DVC's digests of its outs. `kept`: outs in git."""

    name: str
    deps: tuple[Path, ...]
    outs: tuple[Path, ...]
    kept: tuple[Path, ...]
    named: tuple[str, ...]
    training: bool
    patients: bool
    data: bool
    above: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """The project as DVC has it. `cache`: DVC's objects; `index`: what DVC remembers of paths, which it makes anew.

    `raw`: the raw folder; `peopled`: stages that read it or the batches, and all that follow from them.
    """

    root: Path
    steps: dict[str, Step]
    cache: Path
    index: Path
    raw: Path
    peopled: frozenset[str]
    own_caches: tuple[Path, ...] = field(default=())

    def frames_of(self, clips: Collection[str]) -> set[str]:
        """Ids of the frames of these clips, from whatever tables have both."""
        import pyarrow.parquet as pq
        from pyarrow import ArrowException

        frames: set[str] = set()
        for file in files_below([self.root / "data"], (".artifacts",)):
            if kind_of(file) != "table":
                continue
            with suppress(OSError, ArrowException):  # damaged
                names = pq.read_schema(file).names
                if "clip_id" in names and "image_id" in names:
                    rows = pq.read_table(file, columns=["image_id", "clip_id"]).to_pylist()
                    frames |= {row["image_id"] for row in rows if row["clip_id"] in clips}
        return frames - set(clips)

    def saw(self, person: Person) -> tuple[str, ...]:
        """The training stages that saw the person."""
        able = (step for step in self.steps.values() if step.training and (person.control or step.patients))
        made = (step for step in able if self.has_made(step.name))
        return tuple(step.name for step in made if any(self._has(dep, person) for dep in step.deps))

    def has_made(self, name: str) -> bool:
        """Whether the stage has made something: it ran, and was not off or without its data; or DVC's cache has it."""
        step = self.steps[name]
        for out, digest in zip(step.outs, step.named, strict=True):
            if reason_of(out) is None and (out.exists() or (digest and self._object(digest).exists())):
                return True
        return False

    def _object(self, digest: str) -> Path:
        return cached(self.cache, digest)

    def drawn(self) -> list[Path]:
        """What stages made that no photograph went into; drawn faces in the raw folder are who is measured, though."""
        steps = (step for step in self.steps.values() if step.name not in self.peopled and not step.data)
        return sorted(out for step in steps for out in step.outs if not out.resolve().is_relative_to(self.raw))

    def able(self, person: Person) -> set[str]:
        """The stages whose outs may show the person: of trainings only those that take such people in."""
        apart = {step.name for step in self.steps.values() if step.training and not (person.control or step.patients)}
        return set(self.peopled - apart)

    def _has(self, place: Path, person: Person) -> bool:
        """Whether a table there has a row of the person, or is none any more (a withdrawal was cut off)."""
        data = self.root / "data"
        if not place.is_relative_to(data):
            return False
        files = [place] if place.is_file() else files_below([place], ())
        return any(kind_of(file) == "table" and in_table(file, person) for file in files)

    def with_descendants(self, names: Iterable[str]) -> tuple[str, ...]:
        """These stages and all that follow from them."""
        return tuple(sorted(descendants(self.steps, names)))

    def trained(self, names: Collection[str]) -> list[str]:
        """Those that train, and have."""
        return [name for name in names if self.steps[name].training and self.has_made(name)]

    def outs_of(self, names: Collection[str]) -> Iterator[Path]:
        """What these stages made and DVC keeps."""
        for name in names:
            step = self.steps.get(name)
            yield from (out for out in step.outs if out.exists() and out not in step.kept) if step else ()

    def made(self) -> tuple[Path, ...]:
        """What stages make, which can be made again; what people brought is not among it."""
        return tuple(out for step in self.steps.values() if not step.data for out in step.outs)

    def changed(self) -> set[str]:
        """Stages whose outs are not what dvc.lock names."""
        return {name for name in _changed(self.root) if not self.steps[name].data}

    def lost(self, networks: Iterable[str], person: Person, unlike: Collection[str]) -> set[str]:
        """Stages that lost results: these, and those whose outs are no longer what dvc.lock names.

        `unlike`: where they were not before, either; of these only such as may show the person.
        """
        changed = self.changed()
        found = {*networks, *(changed - set(unlike)), *(changed & self.able(person))}
        return {name for name in found if name in self.steps}

    def pages_after(self, lost: Collection[str], person: Person) -> Iterator[Path]:
        """Pages and pictures that stages made of tables which had the person: they show faces without a name."""
        for name in set(self.with_descendants(lost)) & {*lost, *self.able(person)}:
            step = self.steps[name]
            for out in step.outs:
                files = list(files_below([out], ())) if out.is_dir() else [out] if out.exists() else []
                if out not in step.kept and any(kind_of(file) in ("page", "picture") for file in files):
                    yield out

    def making(self, files: Collection[Path]) -> set[str]:
        """Stages with one of these files among their outs; batches, which lose these files alone, are no stage."""
        above = {place for file in files for place in (file, *file.parents)}
        return {step.name for step in self.steps.values() if not step.data and above & set(step.outs)}

    def named(self, networks: Collection[str], gone: Collection[Path] = ()) -> frozenset[str]:
        """What present records name in DVC's cache, but for stages that lost what they made; without `gone`."""
        found: set[str] = set()
        for step in (step for name, step in self.steps.items() if name not in networks):
            for out, digest in zip(step.outs, step.named, strict=True):
                rows = []
                with suppress(OSError, ValueError):
                    rows = json.loads(self._object(digest).read_bytes() if digest.endswith(".dir") else b"[]")
                stay = [row["md5"] for row in rows if out / row["relpath"] not in gone]
                found.update(stay, [digest] if len(stay) == len(rows) else [])
        return frozenset(found)

    def forget_index(self) -> None:
        """Have DVC make anew what it remembers of paths and names."""
        shutil.rmtree(self.index, ignore_errors=True)


def open_project(root: Path) -> Project:
    """The project in `root`; read once for as long as its files are as they were. InputError: DVC cannot read it."""
    own = tuple(path for path in (root / ".dvc/tmp/exps",) if path.is_dir())
    numbers = params.load(Data, "data", root / "params.yaml")
    raw, added = ((root / place).resolve() for place in (numbers.raw, numbers.added))
    return replace(_read(root, raw, added, tuple(_written(root))), own_caches=own)


@lru_cache(maxsize=2)
def _read(root: Path, raw: Path, added: Path, written: tuple[tuple[str, bytes], ...]) -> Project:
    """The project whose files say what is `written`; a withdrawal asks for it eight times, and DVC takes long."""
    from dvc.exceptions import DvcException

    from flows.repository.looking import opened

    try:
        with chdir(root), opened(root) as repo:
            graph = repo.index.graph
            steps = {stage.addressing: _step(stage, graph) for stage in repo.index.stages}
            cache, index = Path(repo.cache.local.path).parent.parent, Path(repo.site_cache_dir)
    except DvcException as error:
        raise InputError(f"{root}: DVC cannot read this project: {error}") from error
    reading = (name for name, step in steps.items() if {raw, added} & {dep.resolve() for dep in step.deps})
    return Project(root, steps, cache, index, raw, frozenset(descendants(steps, reading)))


def _written(root: Path) -> Iterator[tuple[str, bytes]]:
    """What DVC reads of a project, wherever it lies: its settings, dvc.yaml, dvc.lock, the numbers, the records."""
    for file in (root / "params.yaml", *sorted((root / ".dvc").glob("config*"))):
        yield str(file), file.read_bytes()
    for folder, inside, files in os.walk(root):
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".dvc") or name in ("dvc.yaml", "dvc.lock", ".dvcignore"):
                yield f"{folder}/{name}", Path(folder, name).read_bytes()


def descendants(steps: Mapping[str, Step], names: Iterable[str]) -> set[str]:
    """These stages and all that follow from them."""
    found = set(names)
    while more := {step.name for step in steps.values() if found & set(step.above)} - found:
        found |= more
    return found


def _step(stage: Any, graph: Any) -> Step:
    meta = stage.meta or {}
    return Step(
        name=stage.addressing,
        deps=tuple(Path(dep.fs_path) for dep in stage.deps if dep.protocol == "local"),
        outs=tuple(Path(out.fs_path) for out in stage.outs),
        kept=tuple(Path(out.fs_path) for out in stage.outs if not out.use_cache),
        named=tuple(str(out.hash_info.value) if out.hash_info else "" for out in stage.outs),
        training=bool(meta.get("training")),
        patients=bool(meta.get("patients")),
        data=stage.is_data_source or not stage.deps,
        above=tuple(other.addressing for other in graph.successors(stage)),
    )


def _changed(root: Path) -> set[str]:
    """Stages whose outs are not what dvc.lock names."""
    from flows.repository.looking import opened

    with chdir(root), opened(root) as repo:
        return {
            stage.addressing
            for stage in repo.index.stages
            if any(out.hash_info and (not out.exists or out.changed_checksum()) for out in stage.outs)
        }


def drop_from_lock(root: Path, names: Collection[str]) -> bool:
    """Take these stages out of dvc.lock, so that nobody fetches or restores what they had made; whether any was in."""
    file = root / "dvc.lock"
    if not file.exists():
        return False
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    kept = {name: step for name, step in content["stages"].items() if name not in names}
    if any_in := len(kept) < len(content["stages"]):
        with replacing(file) as temporary:
            temporary.write_text(yaml.safe_dump(content | {"stages": kept}, sort_keys=False), encoding="utf-8")
    return any_in


def track_again(root: Path, project: Project, tell: Tell) -> list[Path]:
    """`dvc add` for every record (`batches.dvc`) of data that changed; the records."""
    from dvc.exceptions import DvcException

    from flows.repository.looking import opened

    records = []
    with chdir(root), opened(root) as repo:
        repo.scm_context.quiet = True
        for stage in list(repo.index.stages):
            if stage.is_data_source and any(out.exists and out.changed_checksum() for out in stage.outs):
                try:
                    repo.add([str(out.fs_path) for out in stage.outs], relink=False)
                except DvcException as error:
                    raise InputError(f"dvc add {stage.outs[0]}: {error}") from error
                tell(f"{stage.path_in_repo}: recorded without the person")
            if stage.is_data_source:
                records.append(Path(stage.path))
    return records


def has_to_go(file: Path, place: Path, person: Person, networks: Collection[str], named: Collection[str]) -> bool:
    """Whether an object of DVC's cache at `place` has to go; `named`: the objects that present records name.

    The photographs; tables with a row of the person, and those of the networks that saw them; and of what present
    records do not name, all that mentions the person or cannot be looked into (pictures, pages, weights).
    """
    if same_bytes(file, person):
        return True
    kind = kind_of(file)
    if file.relative_to(place).parts[0] == "runs":
        return False  # which digests gave which: no names
    seen = look(file, person)
    if kind == "table" and (seen.what or made_by(file) in networks):
        return True
    opaque = seen.unread is not None or kind in ("page", "picture", "weights", "archive", "closed")
    return (opaque or seen.what is not None) and file.parent.name + file.name not in named
