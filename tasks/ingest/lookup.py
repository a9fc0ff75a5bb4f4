"""Which photograph a line of a batch means: one of its own, one that is there, or one of an earlier batch.

In: the names of all three, and those of the batch's own files that have a problem already. Out: the photograph's id, or
why there is none. What is said of a file that cannot come in is no second problem: the line is checked as if it could.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.ingest.naming import Ambiguous, Names, fits, folded
from tasks.ingest.raw import Line


@dataclass(frozen=True)
class Photographs:
    """`own`: the batch's by name; `every`: those that are there, by full name; `called`: full names by short ones.

    `told`: paths, folders and patterns of the batch that have a problem already. `means` takes the full names that
    short ones stand for.
    """

    own: Mapping[str, str]
    every: Mapping[str, str]
    called: Mapping[str, Sequence[str]]
    told: Sequence[str] = ()
    means: dict[str, str] = field(default_factory=dict)
    _names: list[Names] = field(default_factory=list)

    def __post_init__(self) -> None:
        same = ({name: name for name in names} for names in (self.called, self.told))
        self._names.extend(Names(names) for names in (self.own, self.every, *same))

    def meant(self, line: Line) -> tuple[str | None, str | None]:
        """The photograph that the line means: of its own batch, else by its name, else an earlier batch's; or why none.

        For one that cannot come in, its path.
        """
        own, every, short, told = self._names
        path = line.cells["path"]
        try:
            if image_id := own.exactly(path):
                return image_id, None
            if told.nearly(path):
                return path, None
            for look in (every.exactly, own.nearly, every.nearly):
                if image_id := look(path):
                    return image_id, None
            called = self.called.get(short.exactly(path) or short.nearly(path) or "", ())
        except Ambiguous as error:
            return None, str(error)
        if len(called) > 1:
            return None, f"several photographs are called so: write {' or '.join(called)}"
        if called:
            self.means[path] = called[0]
            return self.every[called[0]], None
        if any(stands_for(one, path) for one in self.told):
            return path, None
        hint = own.hint(path) or told.hint(path) or every.hint(path)
        return None, f"no such photograph in this batch, in the raw folder or in an earlier batch{hint}"


def stands_for(path: str, name: str) -> bool:
    """Whether a path, folder or pattern of images.csv may stand for this file."""
    return fits(name, path) or folded(name).startswith(f"{folded(path).rstrip('/')}/")
