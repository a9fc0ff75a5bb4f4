"""Imported by every Python that has this folder on its path: notes each connection it tries to open, and whereto.

Unix sockets reach nobody outside this machine (a stage asks the warm process of its DVC by one) and are not noted.
"""

import os
import sys
from typing import Any

LOG = os.environ.get("CONNECTIONS_LOG")


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        target = arguments[1]
        if isinstance(target, str):
            return
    elif event == "socket.getaddrinfo":
        target = arguments[0]
    else:
        return
    with open(str(LOG), "a") as log:  # noqa: PTH123 - pathlib is not imported this early
        log.write(f"{event} {target!r} {sys.argv[:3]}\n")


if LOG:
    sys.addaudithook(_note)
