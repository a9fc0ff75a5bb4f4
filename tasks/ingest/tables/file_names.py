"""Names of files as people type them and as systems leave them.

In: a folder, and names, paths or patterns from a table. Out: the files that are meant; which tables of a folder are
read, though nearly named right; what a system left that nobody meant. A name is exact first; where nothing has it,
it is compared without case, Unicode's forms, width and doubled blanks, and taken where one file alone fits. `\\` stands
for `/`. Opens tables' headers alone.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath

from tasks.ingest.tables.sheets import RawLayoutError, read_sheets
from tasks.ingest.tables.spelling import Lookalikes, key

LEFT_BEHIND = frozenset(
    (
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle", "#snapshot", "@recycle"),
        *("$recycle.bin", "__macosx", "lost+found", "system volume information", "network trash folder"),
    )
)
"""What Windows, macOS and network storage leave in folders; besides hidden files, which begin with a dot."""

TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
"""What tables' names end with, whether they can be read or not."""

BOOKS = (".xlsx", ".xlsm")
"""What the names of workbooks that can be read end with."""

BOOK = 6
"""How far a workbook is, by its name, that holds a table among others: further than every name."""

_NAME = re.compile(r"(?P<stem>.+?)(?P<suffix>(?:\.(?:csv|tsv|tab|txt|xlsx|xlsm))+)")
_COPY = r"(?: ?\(\d+\)| ?-? ?(?:copy|kopie|copie)(?: ?\(?\d+\)?)?)"


MOST_COMPARED = 20_000
"""Names among which one that looks alike is looked for; of more it would take many seconds."""


class Ambiguous(ValueError):
    """Several files could be meant; the message names them."""


def is_leftover(path: PurePosixPath) -> bool:
    """Whether a system, not a person, put this file or one of its folders there."""
    return any(part.startswith(".") or part.endswith("~") or part.casefold() in LEFT_BEHIND for part in path.parts)


def slashes(path: str) -> str:
    """The path with `/` between its parts, as people on Windows do not write it."""
    return PurePosixPath(path.replace("\\", "/")).as_posix()


def folded(path: str) -> str:
    """The path as it is compared where nothing has it exactly."""
    return "/".join(key(part) for part in slashes(path).split("/"))


@dataclass
class Names:
    """What each name stands for, for names as people type them."""

    exact: Mapping[str, str]
    _near: dict[str, dict[str, str]] = field(default_factory=dict)
    _stems: dict[str, list[str]] = field(default_factory=dict)
    _alike: Lookalikes | None = None

    def __post_init__(self) -> None:
        for name, value in self.exact.items():
            self._near.setdefault(folded(name), {})[value] = name
            self._stems.setdefault(_stem(name), []).append(name)

    def exactly(self, path: str) -> str | None:
        """What is called exactly so."""
        return self.exact.get(PurePosixPath(path).as_posix())

    def nearly(self, path: str) -> str | None:
        """What is nearly called so; Ambiguous where several things are."""
        near = self._near.get(folded(path), {})
        if len(near) > 1:
            raise Ambiguous(f"several files are nearly called so: {', '.join(sorted(near.values()))}")
        return next(iter(near), None)

    def hint(self, path: str) -> str:
        """What may be meant by a name that nothing has: `; there is a_01.jpg` for a_01.png, x/a_01.jpg and a_1.jpg."""
        like = self._stems.get(_stem(path), []) or self._stems.get(PurePosixPath(folded(path)).name, [])
        if not like and len(self._stems) <= MOST_COMPARED:
            self._alike = self._alike or Lookalikes(self._stems)
            like = [name for stem in self._alike.of(_stem(path)) for name in self._stems[stem]]
        beside = PurePosixPath(folded(path)).parent  # what lies in the same folder was meant rather
        like = sorted(like, key=lambda name: (PurePosixPath(folded(name)).parent != beside, name))
        return f"; there is {' and '.join(like[:3])}" if like else ""


def _stem(path: str) -> str:
    return PurePosixPath(folded(path)).stem


@dataclass
class Finder:
    """Files of one folder by what a table calls them; each folder is listed once."""

    folder: Path
    _listed: dict[Path, dict[str, list[str]]] = field(default_factory=dict)
    _files: Names | None = None

    def exactly(self, path: str) -> Path:
        """The file or folder of this name, which need not exist. Ambiguous where several are nearly called so."""
        if (self.folder / path).exists() or os.path.lexists(self.folder / path):
            return self.folder / path
        place = self.folder
        for part in PurePosixPath(slashes(path)).parts:
            place = place / (part if os.path.lexists(place / part) else self._near(place, part))
        return place

    def _near(self, place: Path, part: str) -> str:
        if place not in self._listed:
            names = self._listed[place] = {}
            for name in sorted(path.name for path in place.iterdir()) if place.is_dir() else ():
                names.setdefault(key(name), []).append(name)
        near = self._listed[place].get(key(part), [])
        if len(near) > 1:
            raise Ambiguous(f"several files are nearly called so: {', '.join(near)}")
        return near[0] if near else part

    def hint(self, path: str) -> str:
        """What may be meant by a path that nothing has: `; there is a.JPG` for a.jpeg, in that folder or any other."""
        if why := unreadable(self.folder / path):
            return f"; it is {why}"
        if not self._files:
            self._files = Names({name: name for name in walk(self.folder) if not looks_like_table(name)})
        return self._files.hint(path)

    def fitting(self, pattern: str) -> list[Path]:
        """The files that fit a pattern, suffixes in upper or lower case; case and Unicode forms only if none does."""
        pattern = slashes(pattern)
        found = [path for path in self.folder.glob(_any_case(pattern)) if path.is_file()]
        if found:
            return found
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in files if fits(path.relative_to(self.folder).as_posix(), pattern)]


def fits(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern, without case and Unicode's forms: `*.jpg` fits a.JPG, and not sub/a.jpg."""
    return _fit(folded(path).split("/"), folded(pattern).split("/"))


def _fit(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if len(pattern) > 1 and pattern[0] == "**":
        return any(_fit(parts[skipped:], pattern[1:]) for skipped in range(len(parts)))
    if not parts or not pattern:
        return not parts and not pattern
    return fnmatchcase(parts[0], pattern[0]) and _fit(parts[1:], pattern[1:])


def _any_case(pattern: str) -> str:
    """A pattern whose suffix fits in either case: `*.[jJ][pP][gG]`."""
    head, dot, suffix = pattern.rpartition(".")
    if not dot or not suffix.isalnum():
        return pattern
    return head + "." + "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in suffix)


def table_of(folder: Path, kind: str, required: Sequence[str]) -> Path | None:
    """The table of this kind (`ratings`) in a folder; None where there is none.

    `ratings.csv`, else `ratings.xlsx`; else the one that is nearest in its name (`Ratings.csv`, `ratings.csv.txt`,
    `rating.csv`, `ratings (1).csv`) and has the columns `required`; else the workbook of several worksheets, whatever
    its name, one of which has them. RawLayoutError where two are as near.
    """
    ranked = sorted((rank, path) for path in _files(folder) if (rank := _rank(path.name, kind)) is not None)
    fitting = [(rank, path) for rank, path in ranked if rank <= 1 or _has(path, required)]
    fitting = fitting or [(BOOK, path) for path in sorted(_files(folder)) if _has(path, required, among_others=True)]
    if len(fitting) > 1 and fitting[0][0] == fitting[1][0]:
        names = " and ".join(path.name for rank, path in fitting if rank == fitting[0][0])
        raise RawLayoutError(f"{folder}: {names} could both be the table of {kind}; keep one, called {kind}.csv")
    return fitting[0][1] if fitting else None


def _files(folder: Path) -> Iterable[Path]:
    return [path for path in folder.iterdir() if not is_leftover(PurePosixPath(path.name))] if folder.is_dir() else []


def _rank(name: str, kind: str) -> int | None:
    """How far a file's name is from that of the table of a kind: 0 exact; None where it is another name."""
    if name in (f"{kind}.csv", f"{kind}.xlsx"):
        return 0 if name.endswith(".csv") else 1
    found = _NAME.fullmatch(key(name))
    if not found:
        return None
    stem, suffix = found["stem"].strip(), found["suffix"]
    called = f"(?:{kind}|{kind.removesuffix('s')})"
    if stem == kind and suffix in (".csv", ".xlsx"):
        return 2 if suffix == ".csv" else 3
    if re.fullmatch(called, stem):
        return 4
    copied = re.fullmatch(f"{called}{_COPY}|(?:copy|kopie|copie) (?:of|von|de) {called}", stem)
    return 5 if copied else None


def _has(path: Path, required: Sequence[str], *, among_others: bool = False) -> bool:
    """Whether the file is a table with these columns; `among_others`: a workbook with a worksheet of them and more."""
    if among_others and not key(path.name).endswith(BOOKS):
        return False
    try:
        status = path.stat()
        sheets = _columns(path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else ()
    except OSError:
        return False
    return len(sheets) > among_others and any(set(required) <= columns for columns in sheets)


@lru_cache
def _columns(path: Path, _size: int, _modified: int) -> tuple[frozenset[str], ...]:
    """The columns of each sheet of a file, as it is now; none where it cannot be read."""
    try:
        return tuple(frozenset(sheet.columns) for sheet in read_sheets(path) if not sheet.hidden)
    except (RawLayoutError, OSError):
        return ()


def looks_like_table(name: str) -> bool:
    """Whether a file's name says that it is a table, `ratings.csv.txt` too."""
    folded = key(name)
    return folded.endswith((*TABLES, *(f"{suffix}.txt" for suffix in TABLES)))


def called_cameras(name: str) -> bool:
    """Whether a file's name can mean nothing but the lenses of the photographs in its folder, whatever its columns."""
    return bool(_CAMERAS.fullmatch(key(name))) and looks_like_table(name)


_CAMERAS = re.compile(r"cameras?(?:\.[a-z]+)+")
NOT_READ = (
    "a table that is not read; images, ratings, references and groups are, beside the pictures: as .csv or .xlsx files "
    "of these names, or (but groups) as sheets of one workbook"
)


def walk(folder: Path) -> Iterator[str]:
    """Every file below the folder that a person may have put there, by its path in it; linked folders not entered."""
    for place, inner, files in os.walk(folder):
        inner[:] = sorted(name for name in inner if not is_leftover(PurePosixPath(name)))
        for name in sorted(files):
            if not is_leftover(PurePosixPath(name)):
                yield (Path(place) / name).relative_to(folder).as_posix()


def unreadable(file: Path) -> str | None:
    """What there is of this name that no program can read; None for a file, a folder or nothing."""
    try:
        kind = file.stat().st_mode
    except OSError:
        return "a link that leads nowhere" if file.is_symlink() else None
    return None if stat.S_ISREG(kind) or stat.S_ISDIR(kind) else "a pipe or device, not a file"
