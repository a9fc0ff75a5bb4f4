"""What is computed: work split by content, looked up in the store, computed where missing, joined.

It decides results, so every stage depends on it.
"""

from pathlib import Path
from typing import Annotated

Out = Annotated[Path, "out"]
"""A flow's parameter that names what it writes. Where its data are absent, the launcher makes the out say so."""
