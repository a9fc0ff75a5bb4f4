"""`python -m flows STAGE --name value ...`: one stage; what dvc.yaml calls."""

import sys

from flows.forks import run_in_fork
from flows.launch import USAGE, launch
from flows.running.processes import die_with_dvc


def main() -> None:
    """Run the stage named on the command line: where DVC ordered several, as a fork of what has imported everything."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {USAGE}")
    dvc = die_with_dvc()
    code = None if dvc is None else run_in_fork(sys.argv[1:], dvc)
    if code is None:
        launch(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
