"""A stage begun: its flow found, its options read, its errors told in one line, its exit code.

In: a stage's name and its options, as dvc.yaml gives them. Out: what the stage writes. The stage `system_verb` is the
flow of that name in `flows/stages/system.py` or `flows/stages/system_part.py`. Knows nothing of what stages compute.
"""

import argparse
import functools
import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from flows import stages
from flows.buckets import Out
from flows.running.logbook import noted
from flows.running.readiness import require_params
from tasks import params
from tasks.base import absence
from tasks.base.escaping import visible
from tasks.errors import InputError
from tasks.params.running import Data, Systems

USAGE = "python -m flows STAGE --name value ...   (`dvc stage list` shows the stages)"

NAMED = "params:data."
"""How an option says that its path stands in params.yaml: DVC's shell never sees what a user wrote there."""

WORKER_KILLED = (
    "a worker process was killed: by somebody, or by the kernel for want of memory (then lower runtime.workers). "
    "What was computed is kept; run again"
)


def launch(arguments: list[str]) -> None:
    """Run a stage: its name, then its options. Bad input ends with one line and exit code 1, not a traceback."""
    if not arguments or arguments[0].startswith("-"):
        sys.exit(f"usage: {USAGE}")
    from flows.buckets.store import using
    from flows.running.tracking import run_stage  # imports Prefect, which takes longer than DVC may live

    stage = arguments[0]
    module = module_of(stage)
    if module is None:
        sys.exit(f"{stage}: no such stage; usage: {USAGE}")
    flow: Any = getattr(module, stage)
    parser = argparse.ArgumentParser(f"python -m flows {stage}", description=inspect.getdoc(flow.fn))
    options = get_type_hints(flow.fn, include_extras=True)
    options.pop("return", None)
    for name, kind in options.items():
        parser.add_argument(f"--{name}", type=Path if kind in (Path, Out) else str, required=True)
    given = vars(parser.parse_args(arguments[1:]))
    outs = [given[name] for name, kind in options.items() if kind == Out]
    named = os.environ.get("DVC_STAGE", stage)
    try:
        with noted(Path(), "stage", named):
            require_params(Path())
            given = {name: placed(value) for name, value in given.items()}
            with using(), ending_well(flow, stage, outs):
                run_stage(flow, named, **given)
    except (InputError, OSError) as error:
        sys.exit(visible(f"{stage}: {error}", keep="\n"))
    except BrokenProcessPool:
        sys.exit(f"{stage}: {WORKER_KILLED}")


def placed(value: Path | str) -> Path | str:
    """The folder that params.yaml names where an option is `params:data.KEY`; every other value as it is.

    ParamsError: no such key, or a folder's name that cannot be used.
    """
    key = str(value).removeprefix(NAMED)
    if key == str(value):
        return value
    data = params.load(Data, "data")
    if key not in Data.model_fields:
        raise InputError(f"{value}: params.yaml has no data.{key}; there are: {', '.join(Data.model_fields)}")
    return Path(getattr(data, key))


@contextmanager
def ending_well(flow: Any, stage: str, outs: Sequence[Path]) -> Iterator[None]:
    """The flow, which ends well where its system is off or its data are absent: then every out says so, and why."""
    body, named = flow.fn, os.environ.get("DVC_STAGE", stage)

    @functools.wraps(body)
    def told(**given: Any) -> None:
        for out in outs:
            absence.clear(out)
        try:
            if reason := switched_off(stage):
                raise absence.Absent(reason)
            body(**given)
        except absence.Absent as absent:
            for out in outs:
                absence.mark(out, str(absent))
            print(visible(f"{named}: nothing to do: {absent}", keep="\n"), flush=True)

    flow.fn = told
    try:
        yield
    finally:
        flow.fn = body


def switched_off(stage: str) -> str | None:
    """Why the stage makes nothing: its system is off in params.yaml."""
    return params.load(Systems, "systems").off(stage.partition("_")[0])


def module_of(stage: str) -> ModuleType | None:
    """The module of `flows.stages` that has the stage's flow; None where no module has it."""
    for name in modules_of(stage.partition("_")[0]):
        module = importlib.import_module(name)
        if hasattr(getattr(module, stage, None), "fn"):
            return module
    return None


def modules_of(system: str) -> list[str]:
    """The modules of `flows.stages` that a system's stages lie in, by name."""
    found = [module.name for module in pkgutil.iter_modules(stages.__path__)]
    return [f"{stages.__name__}.{name}" for name in found if name.partition("_")[0] == system]
