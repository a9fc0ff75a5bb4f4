"""A browser that opens an address with a secret in it, without the secret on a command line, which every account reads.

In: the address, a file that only its owner can read. Out: the browser opened where there is one: it is given the file,
and the file sends it on. Knows nothing of the page.
"""

import json
import os
import sys
import webbrowser
from pathlib import Path

PAGE = """<!doctype html><meta charset="utf-8"><title>Vermilion</title>
<script>location.replace({address})</script>
"""


def send_on(page: Path, address: str, *, browser: bool) -> None:
    """Write the page that sends a browser on, and open it if `browser` is asked for and this session has a screen."""
    page.unlink(missing_ok=True)
    with os.fdopen(os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(PAGE.format(address=json.dumps(address)))
    if browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(page.as_uri())
