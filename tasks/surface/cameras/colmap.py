"""pycolmap, without the handler that it sets for SIGTERM: a run that somebody ends prints no stack of C++."""

import signal
from contextlib import suppress

_before = signal.getsignal(signal.SIGTERM)
import pycolmap  # noqa: E402

with suppress(ValueError):  # outside the main thread, where nobody can set one
    signal.signal(signal.SIGTERM, signal.SIG_DFL if _before is None else _before)

__all__ = ["pycolmap"]
