"""`python -m flows STAGE --name value ...`: one stage as one flow run; what dvc.yaml calls.

The stage `system_verb` is the flow of that name in `flows/system.py`; its parameters are the options.
"""

import argparse
import importlib
import inspect
import os
import sys
from pathlib import Path

from flows.processes import die_with_parent
from flows.tracking import run_stage
from tasks.errors import InputError

USAGE = "python -m flows STAGE --name value ...   (`dvc stage list` shows the stages)"


def main() -> None:
    """Run the stage named on the command line. Bad input ends with one line and exit code 1, not a traceback."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {USAGE}")
    stage = sys.argv[1]
    try:
        flow = getattr(importlib.import_module(f"flows.{stage.split('_')[0]}"), stage)
    except (ModuleNotFoundError, AttributeError) as error:
        sys.exit(f"{stage}: no such stage ({error}); usage: {USAGE}")
    parser = argparse.ArgumentParser(f"python -m flows {stage}", description=inspect.getdoc(flow.fn))
    for name, parameter in inspect.signature(flow.fn).parameters.items():
        parser.add_argument(f"--{name}", type=Path if parameter.annotation is Path else str, required=True)
    given = vars(parser.parse_args(sys.argv[2:]))
    die_with_parent()
    try:
        run_stage(flow, os.environ.get("DVC_STAGE", stage), **given)
    except (InputError, OSError) as error:
        sys.exit(f"{stage}: {error}")


if __name__ == "__main__":
    main()
