"""What is computed: work split by content, looked up in the store, computed where missing, joined.

It decides results, so every stage depends on it.
"""

from pathlib import Path
from typing import Annotated

from tasks import params
from tasks.params.running import Runtime

Out = Annotated[Path, "out"]
"""A flow's parameter that names what it writes. Where its data are absent, the launcher makes the out say so."""


def runtime() -> Runtime:
    """Where and how the project's stages compute: numbers that change no result."""
    return params.load(Runtime, "runtime")
