"""What the other systems say of a photograph, to stand beside its measures.

In: the project as `dvc repro` left it, a photograph, the system on whose page it stands. Out: what is called how, and
its value or why there is none. Does what `vermilion score` does. Knows no system.
"""

from dataclasses import dataclass, field
from pathlib import Path

from flows.photographs import score
from flows.photographs.faces import Which
from tasks.errors import InputError
from tasks.evaluation import chapters

Lines = list[tuple[str, str]]


@dataclass(frozen=True)
class Others:
    """The systems that can be asked, opened; `missing`: those that cannot, each with the reason."""

    root: Path
    readers: score.Readers
    drawn: frozenset[str] | None = None
    which: Which = None
    missing: Lines = field(default_factory=list)

    def of(self, photograph: Path) -> Lines:
        """Every other system's values."""
        found: Lines = []
        if self.readers.readers:
            scored = score.score(
                photograph, self.readers.readers, self.root, drawn=self.drawn, which=self.which, advance=lambda _: None
            )
            if scored.photo.reason:
                found = [("the other systems", f"were not asked: {scored.photo.reason}")]
            doubt = " (not valid here)" if scored.verdict.state == "not valid" else ""
            found += [(name, value + doubt) for one in scored.photo.readings for name, value in score.lines(one)]
            if doubt:
                found.append(("not valid", scored.verdict.line))
        return found + self.missing


def open_others(root: Path, own: str, *, which: Which = None) -> Others:
    """Every system that reads photographs but `own`. One that was never trained is told, and holds nothing up."""
    titles = {chapter.NAME: chapter.TITLE for chapter in chapters.CHAPTERS}
    try:
        readers = score.open_readers(root, (own,))
        drawn = score.drawn_only(root)
    except InputError as error:
        return Others(root, score.Readers({}, {}), missing=[("the other systems", f"cannot be asked: {error}")])
    missing = [(titles[name], f"not asked: {reason}") for name, reason in readers.missing.items()]
    return Others(root, readers, drawn, which, missing)
