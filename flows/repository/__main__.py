"""`python -m flows.repository repro`: `dvc`, its files parsed once and dvc.lock written stage by stage.

In: what `dvc` takes. Out: what `dvc` does and says. For fifty stages that saves a minute. Knows no stage.
"""

import sys

from dvc.cli import main

from flows.repository import folder_lists, lockfile, parsing, regular

if __name__ == "__main__":
    lockfile.use()
    parsing.use()
    regular.use()
    folder_lists.use()
    sys.exit(main(sys.argv[1:]))
