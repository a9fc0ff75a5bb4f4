"""Whether a request to a server on this machine comes from this machine's own pages and programs.

In: a request's headers. Out: yes or no. A page of another site, and this machine under a name that a stranger's name
server gave it, are refused. Knows no server.
"""

import re
from collections.abc import Iterable

OWN = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")
"""What a browser on this machine calls it, at the end of a tunnel too, where the port is another. Any other name is one
that a stranger's name server may point here."""


def is_own(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request names this machine as its host, once, and comes from no page but this server's own."""
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    origins = {value.decode("latin-1").lower() for name, value in headers if name == b"origin"}
    return len(hosts) == 1 and OWN.fullmatch(hosts[0]) is not None and origins <= {f"http://{hosts[0]}"}
