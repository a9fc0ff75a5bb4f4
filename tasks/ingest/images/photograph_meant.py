"""Which photograph a line means that rates or measures one.

In: what photographs are called, in the line's own folder or batch and in all. Out: the photograph's id, or why there is
none. One order holds for what is there and for a batch that is to come in: exact names before near ones, own ones
before others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tasks.ingest.tables.file_names import Ambiguous, Names, fits, folded
from tasks.ingest.tables.raw_layout import Folder, Line

Meant = Callable[[Line], tuple[str | None, str | None]]
"""A line to the id of the photograph that it means, and why it means none."""


def image_meant(line: Line, folder: Folder, ids: Names) -> tuple[str | None, str | None]:
    """The image of a folder's line, among those that are there; and why none. `./a//b.jpg` is `a/b.jpg`."""
    path = line.cells["path"]
    try:
        image_id = _called(path, ids, ids, folder.prefix)
    except Ambiguous as error:
        return None, str(error)
    return image_id, None if image_id else f"no such image in images.csv, or it was refused{ids.hint(path)}"


def _called(path: str, own: Names, every: Names, prefix: str = "") -> str | None:
    """What a path means. `prefix`: what `own` names begin with. Ambiguous where several are nearly called so."""
    return own.exactly(prefix + path) or every.exactly(path) or own.nearly(prefix + path) or every.nearly(path)


@dataclass(frozen=True)
class Photographs:
    """What photographs are called for a batch that is to come in.

    `own`: the batch's by name; `every`: those that are there, by full name; `called`: full names by short ones, of
    earlier batches. `told`: paths, folders and patterns of the batch that have a problem already. `means` takes the
    full names that short ones stand for.
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

        For one that cannot come in, its path: the line is checked as if it could, and a file has one problem.
        """
        own, every, short, told = self._names
        path = line.cells["path"]
        try:
            if told.nearly(path) and not own.exactly(path):
                return path, None
            if image_id := _called(path, own, every):
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
