"""What a system's module `chapter` has, what it is given, and what it gives back.

In: a study (tasks.evaluation.study), a folder of tables. Out: `Compared` numbers, and a `Chapter` of words and
pictures. Knows no system.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import pandas as pd

from tasks.evaluation.headlines import Headline
from tasks.evaluation.study import Study
from tasks.pages.chapter import Chapter
from tasks.params.evaluation import Report


class Compared(NamedTuple):
    """A chapter's `record` for metrics.json, and `grades` by method and image where it grades."""

    record: dict[str, Any]
    grades: dict[str, pd.Series | None]


class Need(NamedTuple):
    """Without `persons` persons of one of the `populations`, each with a `kind`, the part `what` is skipped."""

    what: str
    populations: tuple[str, ...]
    kind: Literal["still", "clip"]
    persons: int
    add: str
    """What to add, in words."""


@dataclass(frozen=True)
class Shown:
    """`scores`: the SCORES table; `folder`: the system's own tables; `ingest`: those of the photographs."""

    study: Study
    scores: pd.DataFrame  # image_id, subject_id, method, score, grade
    folder: Path
    ingest: Path
    numbers: Path  # params.yaml
    settings: Report


class System(Protocol):
    """What a system's module `chapter` has. `made` is what its `read` gives; `numbers` is params.yaml's path."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """Its folder under data/, its key in `systems:` and in metrics.json."""

    @property
    def TITLE(self) -> str:  # noqa: N802
        """The chapter's heading."""

    @property
    def LEDE(self) -> str:  # noqa: N802
        """One sentence: what it measures."""

    @property
    def SOURCE(self) -> str:  # noqa: N802
        """The publication, in a line."""

    @property
    def NAMES(self) -> Mapping[str, str]:  # noqa: N802
        """Readable names of its methods, strategies and measures; others are shown as they are."""

    @property
    def PHOTOGRAPH(self) -> str | None:  # noqa: N802
        """The module that reads one photograph: `open_reader(root)` gives a reader, or why there is none."""

    @property
    def NEEDS(self) -> tuple[Need, ...]:  # noqa: N802
        """What data it cannot do without; `vermilion check` tells before a run what will be skipped."""

    def read(self, folder: Path) -> Any:
        """What its stages wrote under data/NAME; what is not there is empty, with the reason."""

    def scores(self, made: Any, numbers: Path) -> pd.DataFrame:
        """Its methods' values for every photograph (tasks.evaluation.study.COLUMNS)."""

    def taught(self, made: Any) -> set[str]:
        """Photographs of people that its networks learned from: no method is judged on them."""

    def compare(self, made: Any, study: Study, numbers: Path) -> Compared:
        """Its record: numbers alone, with `reason` where there are none."""

    def headline(self, record: Any) -> Headline:
        """The few numbers that are compared between runs, with their people (tasks.evaluation.headlines)."""

    def show(self, made: Any, record: Any, shown: Shown) -> Chapter:
        """The words and pictures of a record."""
