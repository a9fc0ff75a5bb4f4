"""A stage begun: its flow found, its options read, its errors told in one line, its exit code.

In: a stage's name and its options, as dvc.yaml gives them. Out: what the stage writes. The stage `system_verb` is the
flow of that name in `flows/stages/system.py` or `flows/stages/system_part.py`. Knows nothing of what stages compute.
"""

import argparse
import importlib
import inspect
import os
import pkgutil
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import ModuleType
from typing import Any

from flows import stages
from tasks.errors import InputError

USAGE = "python -m flows STAGE --name value ...   (`dvc stage list` shows the stages)"

WORKER_KILLED = (
    "a worker process was killed: by somebody, or by the kernel for want of memory (then lower runtime.workers). "
    "What was computed is kept; run again"
)


def launch(arguments: list[str]) -> None:
    """Run a stage: its name, then its options. Bad input ends with one line and exit code 1, not a traceback."""
    from flows.buckets.store import using
    from flows.running.tracking import run_stage  # imports Prefect, which takes longer than DVC may live

    stage = arguments[0]
    module = module_of(stage)
    if module is None:
        sys.exit(f"{stage}: no such stage; usage: {USAGE}")
    flow: Any = getattr(module, stage)
    parser = argparse.ArgumentParser(f"python -m flows {stage}", description=inspect.getdoc(flow.fn))
    for name, parameter in inspect.signature(flow.fn).parameters.items():
        parser.add_argument(f"--{name}", type=Path if parameter.annotation is Path else str, required=True)
    given = vars(parser.parse_args(arguments[1:]))
    try:
        with using():
            run_stage(flow, os.environ.get("DVC_STAGE", stage), **given)
    except (InputError, OSError) as error:
        sys.exit(f"{stage}: {error}")
    except BrokenProcessPool:
        sys.exit(f"{stage}: {WORKER_KILLED}")


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
