"""`python -m flows STAGE --name value ...`: one stage; what dvc.yaml calls."""

import sys
from pathlib import Path

from flows.running import privacy
from flows.running.processes import die_with_dvc


def main() -> None:
    """Run the stage named on the command line: where DVC ordered several, as a fork of what has imported everything."""
    dvc = die_with_dvc()  # importing takes longer than DVC may live
    privacy.settle(Path.cwd())
    from flows.forks import run_in_fork

    code = None if dvc is None else run_in_fork(sys.argv[1:], dvc)
    if code is None:
        from flows.launch import launch

        launch(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
