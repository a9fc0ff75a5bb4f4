"""A browser that opens the runs and is logged in, without anybody typing a secret.

In: the record of the project's `vermilion serve`. Out: the address that logs a browser in, and the browser opened where
there is one. The secret is on no command line, which every account could read: the browser is given a file that only
its owner can read, and the file sends it on. Knows nothing of runs.
"""

import json
import os
import sys
import webbrowser

from flows.running.address import record, recorded
from tasks.errors import InputError

PAGE = """<!doctype html><meta charset="utf-8"><title>Vermilion</title>
<script>location.replace({address})</script>
"""


def login(browser: bool) -> str:
    """The address; `browser`: one is opened, if this session has a screen. InputError: nobody serves the project."""
    served = recorded()
    if served is None or not served.alive:
        raise InputError("nobody serves this project; start `vermilion serve`")
    address = served.login_url
    page = record().with_name("runs.html")
    page.unlink(missing_ok=True)
    with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(PAGE.format(address=json.dumps(address)))
    if browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(page.as_uri())
    return address
