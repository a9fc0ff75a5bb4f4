"""A browser that opens the runs and is logged in, without anybody typing a secret.

In: the record of the project's `vermilion serve`. Out: the address that logs a browser in, and the browser opened where
there is one (flows.running.browser). Knows nothing of runs.
"""

from flows.running.address import record, recorded
from flows.running.browser import send_on
from tasks.errors import InputError


def login(browser: bool) -> str:
    """The address; `browser`: one is opened, if this session has a screen. InputError: nobody serves the project."""
    served = recorded()
    if served is None or not served.alive:
        raise InputError("nobody serves this project; start `vermilion serve`")
    address = served.login_url
    send_on(record().with_name("runs.html"), address, browser=browser)
    return address
