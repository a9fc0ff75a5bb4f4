"""Whether a run can begin: params.yaml and the data folders, in a moment, before hours of work.

In: the project's folder. Out: findings, each an error (nothing should run), a warning or a fact. The launch of every
stage, `vermilion rebuild`, every night and `vermilion serve` ask for the errors; `vermilion check` shows all, with what
takes longer to see (flows.running.inspection). Opens no picture and no Prefect.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from cronsim import CronSim, CronSimError

from tasks import params
from tasks.base.escaping import visible
from tasks.base.words import listed_lines
from tasks.errors import InputError
from tasks.ingest.tables.file_names import unreadable
from tasks.params.problems import problems
from tasks.params.running import Data, Nightly

FIELDS = 5
"""Of a schedule. A sixth, for seconds, Prefect does not read as others do."""
PART = re.compile(r"(\d+|[a-z]{3})|(\*|(\d+|[a-z]{3})-(?!\3(?:/|$))(\d+|[a-z]{3}))(/\d+)?", re.ASCII | re.IGNORECASE)
"""A field, or what stands between its commas: `2`, `MON`, `*`, `1-5`, `*/2`. Of `L`, `#`, `5/2` and `0-0` each program
has its own reading."""

MOST_TOLD = 5
"""Of what cannot be read in the data folders."""

Level = Literal["error", "warning", "fact"]


@dataclass(frozen=True)
class Finding:
    """What was found. `about`: `params.yaml`, `data`, `disk`, ... ; `said`: in words, with what to do."""

    level: Level
    about: str
    said: str


def require_ready(root: Path) -> None:
    """InputError with every error of `quick`, where there is one."""
    found = [finding.said for finding in quick(root) if finding.level == "error"]
    if len(found) == 1:
        raise InputError(found[0])
    if found:
        raise InputError("\n".join([*found, f"{len(found)} things are wrong; `vermilion check` shows all."]))


def require_params(root: Path) -> None:
    """InputError with everything that does not fit in params.yaml; a few milliseconds."""
    if wrong := [finding.said for finding in numbers(root)]:
        hint = ["`vermilion check` shows all"] if len(wrong) > 1 else []
        raise InputError("; ".join([*listed_lines(wrong, 1), *hint]))


def quick(root: Path) -> list[Finding]:
    """Parameters, whether the data folders are there and apart, and whether nights have a time."""
    return [*numbers(root), *folders(root), *unreadables(root), *nights(root)]


def numbers(root: Path) -> list[Finding]:
    """Every problem of params.yaml."""
    path = root / "params.yaml"
    try:
        found = problems(path, can_be_off(root / "dvc.yaml"))
    except params.ParamsError as error:
        return [Finding("error", "params.yaml", str(error))]
    return [Finding("error", "params.yaml", f"params.yaml: {problem}") for problem in found]


def folders(root: Path) -> list[Finding]:
    """The raw folder and that of the batches, where a stage reads them: there, or made by a stage."""
    try:
        data = params.load(Data, "data", root / "params.yaml")
    except params.ParamsError:
        return []  # told among the numbers
    found, pipeline = [], root / "dvc.yaml"
    if wrong := apart(root, data):
        found.append(Finding("error", "data", wrong))
    text = pipeline.read_text(encoding="utf-8") if pipeline.exists() else ""
    for name in ("raw", "added"):
        folder = root / getattr(data, name)
        if f"${{data.{name}}}" not in text or folder.is_dir() or made_by_a_stage(getattr(data, name), pipeline):
            continue
        if folder.exists():
            said = f"{getattr(data, name)} (params.yaml: data.{name}) is a file; name the folder that it lies in"
        elif name == "raw":
            said = (
                f"{data.raw} (params.yaml: data.raw) is not there: put your photographs there "
                "(docs/raw-layout.md), or name the folder where they are"
            )
        else:
            said = f"{data.added} (params.yaml: data.added) is not there: make it (`mkdir {data.added}`)"
        found.append(Finding("error", "data", said))
    return found


def unreadables(root: Path) -> list[Finding]:
    """What DVC stumbles over in the data folders, or waits for without end: links that lead nowhere, pipes, devices."""
    try:
        data = params.load(Data, "data", root / "params.yaml")
    except params.ParamsError:
        return []  # told among the numbers
    odd = islice((line for name in (data.raw, data.added) for line in strange(root / name)), MOST_TOLD)
    return [Finding("error", "data", line) for line in odd]


def strange(folder: Path) -> Iterator[str]:
    """A line about each thing in the folder that is no file and no folder, and what to do."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return  # told elsewhere
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from strange(Path(entry.path))
        elif not entry.is_file(follow_symlinks=False) and (why := unreadable(Path(entry.path))):
            yield f"{visible(entry.path)} is {why}; DVC cannot read it: take it out of its folder"


def apart(root: Path, data: Data) -> str | None:
    """What is wrong with where batches go: outside the project nobody keeps them, among raw files they count twice."""
    project, raw, added = (Path(os.path.realpath(root / folder)) for folder in ("", data.raw, data.added))
    here = f"{data.added} (params.yaml: data.added)"
    if project == added or project not in added.parents:
        return f"{here} is not inside the project: DVC and git keep what lies in it; name a folder such as data/added"
    if raw == added or raw in added.parents or added in raw.parents:
        return f"{here} and {data.raw} (data.raw) lie in each other: photographs would count twice; keep them apart"
    return None


def nights(root: Path) -> list[Finding]:
    """Whether nightly.cron is a time that comes."""
    try:
        cron = params.load(Nightly, "nightly", root / "params.yaml").cron
    except params.ParamsError:
        return []  # told among the numbers
    if (why := no_schedule(cron)) is None:
        return []
    said = f"params.yaml: nightly.cron: {cron!r} is no schedule ({why}); five fields are accepted, such as `0 2 * * *`"
    return [Finding("error", "params.yaml", f"{said} for two at night: minute, hour, day, month, weekday")]


def no_schedule(cron: str) -> str | None:
    """Why the text is no schedule; None where it is one. What passes here Prefect reads as `cron` does."""
    fields = cron.split()
    if len(fields) != FIELDS:
        return f"{len(fields)} fields"
    if wrong := [field for field in fields if not all(map(PART.fullmatch, field.split(",")))]:
        return f"{wrong[0]} is none of `*`, `2`, `1,15`, `1-5`, `*/2`, `MON-FRI`"
    if fields[2] != "*" and fields[4] != "*":
        return "name a day of the month or a weekday, not both"
    try:
        next(CronSim(cron, datetime.now()))
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "that day never comes"
    return None


def made_by_a_stage(folder: Path, pipeline: Path) -> bool:
    """Whether dvc.yaml has the folder among the outs of a stage, so that it need not be there yet."""
    text = pipeline.read_text(encoding="utf-8") if pipeline.exists() else ""
    outs = re.findall(r"outs:\s*\[([^\]]*)\]", text) + re.findall(r"^      - (\S+?)(?::.*)?$", text, re.MULTILINE)
    return folder.as_posix() in {name.strip() for out in outs for name in out.split(",")}


def can_be_off(pipeline: Path) -> list[str]:
    """The systems whose stages have `systems.NAME` among their params in dvc.yaml; none where there is no dvc.yaml."""
    text = pipeline.read_text(encoding="utf-8") if pipeline.exists() else ""
    return sorted(set(re.findall(r"\bsystems\.(\w+)", text)))
