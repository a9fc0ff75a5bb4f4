"""`python -m flows STAGE --name value ...`: one stage; what dvc.yaml calls."""

import os
import sys
from pathlib import Path

from flows.running import privacy
from flows.running.processes import FORKS, die_with_dvc
from tasks.errors import INTERRUPTED


def main() -> None:
    """Run the stage named on the command line. Ctrl-C ends it with one line."""
    try:
        _run()
    except KeyboardInterrupt:
        from flows.running import logbook

        stage = " ".join(sys.argv[1:2])
        logbook.stop(Path(), os.environ.get("DVC_STAGE", stage))  # a fork that computes it ends with us, unheard
        sys.stderr.write(f"{stage or 'flows'}: interrupted; what was finished is kept; run it again\n")
        sys.exit(INTERRUPTED)


def _run() -> None:
    """Where DVC ordered several stages, as a fork of what has imported everything; else here."""
    dvc = die_with_dvc()  # importing takes longer than DVC may live
    privacy.settle(Path.cwd())
    from flows.forks import run_in_fork

    code = None if dvc is None else run_in_fork(sys.argv[1:], int(os.environ.get(FORKS, dvc)))
    if code is None:
        from flows.launch import launch

        launch(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
