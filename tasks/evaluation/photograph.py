"""What a system is given to read one photograph, and what it is asked for.

In: a photograph that was measured. Out: the contract between `vermilion score` and the systems' modules `photograph`,
each of which has `open_reader(root)`: a `Reader`, or a sentence that says why there is none. Knows no system.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tasks.ingest.faces.lips import Lips
from tasks.pages.chapter import Reading


@dataclass(frozen=True)
class Photograph:
    """A photograph with its face found and its lips cut out."""

    image_id: str
    image: np.ndarray  # (H, W, 3) uint8 RGB
    landmarks: np.ndarray  # (68, 2) px
    lips: Lips


class Reader(Protocol):
    """A system with its networks opened."""

    @property
    def notices(self) -> Sequence[str]:
        """What a reader of its numbers must know."""

    @property
    def steps(self) -> int:
        """What a photograph costs, in steps of its progress bar."""

    def read(self, photograph: Photograph, advance: Callable[[int], None]) -> Reading:
        """The system's reading. `advance` takes how many more steps are done; a reason where there is no score."""
