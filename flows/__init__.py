"""How the stages run: the only code that imports Prefect.

A stage `system_verb` is the flow of that name in `flows/stages/system.py`. Importing this package settles Prefect's
environment before Prefect is imported: no temporary servers, nothing sent anywhere, its files in the project;
and the server that `vermilion serve` started, if it did.
"""

import json
import logging
import os
import sys
from pathlib import Path
from types import TracebackType

PROJECT = Path(__file__).resolve().parents[1]

for _name, _value in {
    "PREFECT_HOME": str(PROJECT / ".prefect"),
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLIENT_MAX_RETRIES": "1",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "DO_NOT_TRACK": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # as in tasks, for what imports no task
    # Models come from folders: their libraries look nowhere else, and say only what went wrong.
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DIFFUSERS_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    # Threads that wait give up the core soon: two trainings on one machine would spend it waiting for each other.
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "10000",
}.items():
    os.environ.setdefault(_name, _value)

for _name in ("bitsandbytes", "diffusers", "torch.utils._pytree"):  # what was not found, and is not needed here
    logging.getLogger(_name).setLevel(logging.ERROR)

for _name in ("NO_PROXY", "no_proxy"):  # what stays on this machine is no proxy's business
    os.environ[_name] = ",".join(filter(None, [os.environ.get(_name), "127.0.0.1,localhost,::1"]))


_told_before = sys.excepthook


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C while something is imported is a line, not a traceback; all else goes where it went before."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
    else:
        _told_before(kind, error, trace)


sys.excepthook = _quiet

SERVER_NAMED = os.environ.get("PREFECT_API_URL")
"""The Prefect server that the user named, if any. Then its credentials are the environment's too."""

if SERVER_NAMED is None:
    try:
        _record = json.loads((Path(os.environ["PREFECT_HOME"]) / "serve.json").read_bytes())
        os.kill(_record["pid"], 0)  # another account may listen where a server of ours was killed
        os.environ["PREFECT_API_URL"] = _record["api_url"]
        if _record["auth"]:
            os.environ["PREFECT_API_AUTH_STRING"] = _record["auth"]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nobody serves this project
