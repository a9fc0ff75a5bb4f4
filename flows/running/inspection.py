"""What `vermilion check` sees besides: what the data hold, what will be skipped, weights, disk, memory, cards.

In: the project's folder, whose params.yaml is right. Out: findings. Reads tables and folders, opens no picture and
computes nothing: some two seconds for the folders of ten thousand photographs (docs/benchmarks.md).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import yaml

from flows.running.holdings import TOLD, holdings, limits, line_of
from flows.running.readiness import Finding, made_by_a_stage
from tasks import params
from tasks.base import weights
from tasks.base.words import counted, listed, listed_lines
from tasks.ingest.images.groups import groups_file, read_groups
from tasks.ingest.images.inventory import NoImages
from tasks.ingest.raw_folders.preview import Found
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.evaluation import Evaluate
from tasks.params.running import Data, Nightly, Runtime, Systems
from tasks.params.surface import SurfaceCameras

STAND_INS = ("random", "stand_in")
"""What params.yaml says where a stand-in takes the place of trained weights."""
LEAST_FREE = 2 * 2**30
"""Bytes on disk, and of memory per worker, below which it is said."""


def inspect(root: Path, *, most: int = TOLD) -> list[Finding]:
    """Everything that is worth knowing before a run; `most`: of lines and files of one kind."""
    return [*data(root, most), *list(_weights(root)), *list(machine(root)), *list(telling(root))]


def data(root: Path, most: int = TOLD) -> list[Finding]:
    """What the data folders hold, and what will be skipped for want of data, with what to add."""
    where = params.load(Data, "data", root / "params.yaml")
    if not (root / where.raw).exists() and made_by_a_stage(where.raw, root / "dvc.yaml"):
        return [Finding("fact", "data", f"{where.raw}: not there yet; the first stage draws it")]
    if not (root / where.raw).is_dir():
        return []  # told already
    try:
        there = holdings(root, most=most)
    except NoImages as error:
        return [Finding("warning", "data", f"{error}; every system will be skipped"), *_skipped(root, None)]
    except RawLayoutError as error:
        return [Finding("error", "data", str(error))]
    found = [Finding("fact", "data", line) for line in there.counts]
    found += [Finding("warning", "data", note) for note in there.notes]
    if not made_by_a_stage(where.raw, root / "dvc.yaml"):
        found += [Finding("fact", "data", advice) for advice in limits(root / "params.yaml")]
    return [
        *found,
        *_groups(root / where.raw, there.found, most),
        *_sets(root, there.found),
        *_skipped(root, there.found),
    ]


def _groups(raw: Path, found: Found, most: int) -> Iterator[Finding]:
    """Of groups.csv, where there is one: its groupings with how many people are in each group, and refused lines."""
    if groups_file(raw) is None:
        return
    try:
        table, refused = read_groups(raw, found.images)
    except RawLayoutError as error:
        yield Finding("error", "groups", str(error))
        return
    people = dict(zip(*(found.images[name].to_pylist() for name in ("image_id", "subject_id")), strict=True))
    members: dict[str, dict[str, set[str]]] = {}
    for row in table.to_pylist():
        group = row["word"] if row["number"] is None else "a number"
        members.setdefault(row["grouping"], {}).setdefault(group, set()).add(people[row["image_id"]])
    for grouping, groups in members.items():
        sizes = [f"{group} {counted(len(who), 'person', 'people')}" for group, who in sorted(groups.items())]
        yield Finding("fact", "groups", f"{grouping}: {listed(sizes, TOLD)}")
    lines = [line_of(row) for row in refused.to_pylist()]
    told = listed_lines(lines, most, "line that cannot be used", "lines that cannot be used")
    yield from (Finding("warning", "groups", line) for line in told)


def _sets(root: Path, found: Found) -> Iterator[Finding]:
    """Of photographs from several sides: how many there are, and what they lack."""
    from tasks.surface.photographs.before_a_run import foreseen

    numbers = root / "params.yaml"
    if params.load(Systems, "systems", numbers).off("surface"):
        return
    least = params.load(SurfaceCameras, "surface_cameras", numbers).least_views
    seen = foreseen(found.images.to_pylist(), found.references.to_pylist(), least=least)
    yield from (Finding("fact", "surface", line) for line in seen.facts)
    yield from (Finding("warning", "surface", line) for line in seen.notes)


def _skipped(root: Path, found: Found | None) -> Iterator[Finding]:
    """By system and part of it: that it is off, or what it lacks. `found`: None where no image is named."""
    from tasks.evaluation.chapters import CHAPTERS  # imports pandas

    systems = params.load(Systems, "systems", root / "params.yaml")
    persons = found.persons() if found else {}
    for chapter in CHAPTERS:
        if reason := systems.off(chapter.NAME):
            yield Finding("fact", chapter.NAME, reason)
            continue
        for need in chapter.NEEDS:
            there = max((len(set(persons.get((group, need.kind), ()))) for group in need.populations), default=0)
            if there < need.persons:
                told = f"{need.add} ({need.persons} needed, {there} there)"
                yield Finding("warning", chapter.NAME, f"{need.what} will be skipped: {told}")
    scale = params.load(Evaluate, "evaluate", root / "params.yaml").scale
    if found is None or scale not in found.ratings["scale"].to_pylist():
        said = f"no measure can be compared with raters: no ratings on {scale} (ratings.csv, docs/raw-layout.md)"
        yield Finding("warning", "ratings", said)


def _weights(root: Path) -> Iterator[Finding]:
    """Every file of weights that params.yaml names: there or not; and where a stand-in takes its place."""
    numbers = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    off = params.load(Systems, "systems", root / "params.yaml")
    named = [(key, value) for key, value in _texts(numbers) if not off.off(key.partition("_")[0])]
    for key, value in named:
        if value not in weights.REGISTRY:
            continue
        file = weights.locate(value, root / "data/weights")
        if file.exists():
            yield Finding("fact", "weights", f"{key}: {value} is there")
            continue
        entry = weights.record(value)
        said = f"{key}: {file} is not there; put {Path(entry.file).name} there ({entry.origin}), or use a stand-in"
        yield Finding("error", "weights", said)
    if stand_ins := [key for key, value in named if value in STAND_INS]:
        yield Finding("fact", "weights", f"stand-ins, which every page says: {', '.join(stand_ins)}")


def _texts(block: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in block.items():
        key = f"{above}.{name}" if above else str(name)
        if isinstance(value, Mapping):
            yield from _texts(value, key)
        elif isinstance(value, str):
            yield key, value


def telling(root: Path) -> Iterator[Finding]:
    """Who is told of a night that failed, and what is missing for that; `vermilion check --tell` tries it."""
    tell = params.load(Nightly, "nightly", root / "params.yaml").tell
    if tell is None:
        return
    where = "params.yaml: nightly.tell"
    program = tell.command[0] if tell.command else None
    if program and shutil.which(str(root / program) if "/" in program else program) is None:
        said = f"{where}.command: {program}: no such program, or it may not be run; write its whole path"
        yield Finding("warning", "telling", said)
    secrets = [tell.webhook, tell.mail.password if tell.mail else None]
    for name in (value[1:] for value in secrets if value and value.startswith("$")):
        if not os.environ.get(name):
            said = f"{where}: the environment variable {name} is not set here; `vermilion serve` needs it"
            yield Finding("warning", "telling", said)
    ways = [name for name in ("command", "webhook", "mail") if getattr(tell, name)]
    yield Finding("fact", "telling", f"how a night went is told by {' and '.join(ways)} ({tell.when})")


def machine(root: Path) -> Iterator[Finding]:
    """Disk, memory and cards."""
    free = shutil.disk_usage(root).free
    short = free < LEAST_FREE
    said = f"{free / 2**30:.1f} GiB free" + ("; make room: the demo writes 1 GiB, real data more" if short else "")
    yield Finding("warning" if short else "fact", "disk", said)
    runtime = params.load(Runtime, "runtime", root / "params.yaml")
    memory = psutil.virtual_memory().available
    short = memory < LEAST_FREE * (runtime.workers + runtime.stages - 1)
    said = f"{memory / 2**30:.1f} GiB free for {counted(runtime.workers, 'worker')}"
    said += f" and {runtime.stages} stages at a time" if runtime.stages > 1 else ""
    lower = "; lower runtime.workers" + (" or runtime.stages" if runtime.stages > 1 else "")
    yield Finding("warning" if short else "fact", "memory", said + (lower if short else ""))
    yield from _cores(root, runtime.stages)
    found = list(_cards())
    if runtime.cards is not None and runtime.cards > len(found):
        wrong = f"params.yaml: runtime.cards: {runtime.cards}, and {len(found)} are there; lower it, or null for all"
        yield Finding("error", "cards", wrong)
    yield from (Finding("fact", "cards", card) for card in found or ["no GPU: the CPU computes"])


def _cores(root: Path, stages: int) -> Iterator[Finding]:
    """Whether stages that run at the same time have more threads than the machine has cores."""
    numbers, pipeline = yaml.safe_load((root / "params.yaml").read_text()), (root / "dvc.yaml").read_text()
    threads = {name: own.get("threads", 1) for name, own in numbers.items() if f"{name}:" in pipeline}
    most, cores = max(threads, key=lambda name: threads[name], default=""), os.cpu_count() or 1
    if stages > 1 and most and stages * threads[most] > cores:
        said = f"{counted(cores, 'core')} for {stages} stages at a time, of up to {counted(threads[most], 'thread')}"
        yield Finding(
            "warning", "cores", f"{said} ({most}): they slow each other down; lower runtime.stages or threads"
        )


def _cards() -> Iterable[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    asked = [program, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, text=True, capture_output=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [re.split(r",\s*", line) for line in done.stdout.splitlines() if line.count(",") == 2]  # noqa: PLR2004
    return [f"{name}: {total}, {free} free" for name, total, free in rows]
