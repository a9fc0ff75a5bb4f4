"""`python -m flows STAGE --name value ...`: one stage as one flow run; what dvc.yaml calls.

The stage `system_verb` is the flow of that name in `flows/system.py`; its parameters are the options.
"""

import argparse
import importlib
import inspect
import os
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from flows.processes import die_with_dvc
from flows.warm import run_in_fork
from tasks.errors import InputError

USAGE = "python -m flows STAGE --name value ...   (`dvc stage list` shows the stages)"

WORKER_KILLED = (
    "a worker process was killed: by somebody, or by the kernel for want of memory (then lower runtime.workers). "
    "What was computed is kept; run again"
)


def main() -> None:
    """Run the stage named on the command line: where DVC ordered several, as a fork of what has imported everything."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {USAGE}")
    dvc = die_with_dvc()
    code = None if dvc is None else run_in_fork(sys.argv[1:], dvc)
    if code is None:
        run(sys.argv[1:])
    sys.exit(code)


def run(arguments: list[str]) -> None:
    """Run a stage: its name, then its options. Bad input ends with one line and exit code 1, not a traceback."""
    from flows.store import using
    from flows.tracking import run_stage  # imports Prefect, which takes longer than DVC may live

    stage = arguments[0]
    try:
        flow = getattr(importlib.import_module(f"flows.{stage.split('_')[0]}"), stage)
    except (ModuleNotFoundError, AttributeError) as error:
        sys.exit(f"{stage}: no such stage ({error}); usage: {USAGE}")
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


if __name__ == "__main__":
    main()
