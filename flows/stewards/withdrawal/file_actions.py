"""What a withdrawal does to each file: the one rule by which it is shown first, done, and searched for afterwards.

In: who is withdrawn, and a project. Out: for every file that has something of the person whether it goes, loses lines
or words, or stays for its owner to look at. Drawn faces, and what else no photograph went into, are nobody's. Changes
nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from flows.stewards.batches.put_in_place import WITHDRAWAL
from flows.stewards.batches.rejections import REASONS
from flows.stewards.outside_folders.watched_folders import watched
from flows.stewards.traces.file_kinds import kind_of
from flows.stewards.traces.in_files import Look, files_below, in_content, look
from flows.stewards.traces.person import OTHERS, SUBJECTS, Person, telling
from flows.stewards.traces.words_in_files import text
from flows.stewards.withdrawal.command_results import belonging, rows, surveyed, without
from flows.stewards.withdrawal.dvc_outs import Project
from flows.stewards.withdrawal.who_is_meant import Withdrawal, read_raw
from tasks import params
from tasks.base.tables import is_half_written
from tasks.ingest.raw_folders.removal import Place, lines_about, lines_naming, rows_where, rows_with
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.ingest.tables.spelling import key
from tasks.params.running import Data

SKIPPED = (".git", ".venv", "__pycache__", "node_modules")
"""Folders that hold nothing of a person, or (.git) that are asked in another way."""

RESULTS = "data/.artifacts"
"""What stages computed, item by item."""

MADE = (".dvc", ".prefect", RESULTS, "data/.incoming", "data/reports", "data/learned")
"""What programs wrote, besides the outs of stages: a file there that mentions the person goes, or loses the mention."""

TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")

SHEETS = (".csv", ".tsv", ".xlsx", ".xlsm")
"""Tables that programs wrote: the person's rows go; the whole file where rows cannot be told, or all are theirs."""

TEXTS = (".log", ".txt", ".json", ".jsonl", ".yaml", ".md", ".out", ".err")
"""Texts that programs wrote, whatever bytes have come into them: they lose the words, and the rest stays."""


@dataclass(frozen=True)
class Fate:
    """`goes`: the whole file; else `lines` of a table, or words (`cleaned`).

    `beside`: others go; `sheets`: others lose rows; `left`: something of the person stays.
    """

    goes: bool = False
    beside: frozenset[Path] = frozenset()
    lines: frozenset[Place] = frozenset()
    sheets: Mapping[Path, Collection[Place]] = field(default_factory=dict)
    cleaned: bool = False
    left: bool = False


@dataclass
class Ground:
    """Where to look: the folders, what people brought and what programs made there, the lines of people's tables."""

    root: Path
    places: list[Path]
    brought: list[Path]
    made: list[Path]
    drawn: list[Path]
    cache: Path
    index: Path
    photographs: set[Path]
    lines: dict[Path, set[Place]] = field(default_factory=dict)

    def files(self, *, all_of_dvc: bool = False, closed: Callable[[OSError], None] | None = None) -> Iterator[Path]:
        """Every file to look into, but the record of this withdrawal, and DVC's cache and index if not `all_of_dvc`.

        `closed`: is told of each folder that cannot be listed, or is not there now.
        """
        left = {*self.drawn} if all_of_dvc else {self.cache, self.index, *self.drawn}
        for file in files_below(self.places, SKIPPED, closed):
            inside = left & set(file.parents)
            if not inside and file not in self.drawn and file.name not in (WITHDRAWAL.name, "rwlock"):
                yield file  # DVC's rwlock says who holds it: this command, by its words


def survey(found: Withdrawal, root: Path, project: Project) -> Ground:
    """The project, its raw folder, drop folders that were watched, and folders named besides."""
    raw, person = read_raw(root), found.person
    folder = root / params.load(Data, "data", root / "params.yaml").raw
    more = [folder, *watched(root), *map(Path, found.also)]
    ground = Ground(
        root=root,
        places=[root, *(place for place in more if not place.is_relative_to(root))],
        brought=[folder.path.absolute() for folder in raw.folders],
        made=[*(root / name for name in MADE), *project.made()],
        drawn=project.drawn(),
        cache=project.cache,
        index=project.index,
        photographs={item.file.absolute() for item in raw.named},
    )
    for table, lines in (
        *lines_about(raw.folders, raw.named, person.images),
        *lines_naming(raw.folders, raw.named, person.images, person.subject),
    ):
        ground.lines.setdefault(table.absolute(), set()).update(lines)
    return ground


def looked(file: Path, person: Person, ground: Ground) -> Look:
    """What the file has of the person, by what it holds, by its name, and by its columns of subjects."""
    seen = look(file, person)
    if seen.what is None and (called_after(file, person, ground) or _is_subject(file, person)):
        return Look("name", seen.unread)
    return seen


def fate(file: Path, person: Person, ground: Ground) -> Fate | None:
    """What becomes of the file; None where it has nothing of the person.

    What a killed command wrote half goes, whoever is in it, but where programs are at work.
    """
    what, made = looked(file, person, ground).what, any(file.is_relative_to(place) for place in ground.made)
    if is_half_written(file) and (what or not made):
        return Fate(goes=True)
    if what is None:
        return None
    if what == "bytes":
        return Fate(goes=True)
    if (written := _of_written(file, person)) is not None:
        return written
    if any(file.is_relative_to(place) for place in ground.brought):
        return _of_table(file, person, ground.lines.get(file.absolute(), ()))
    if file.name.endswith(REASONS) or made:
        return _of_made(file, person)
    if file.suffix.lower() not in TABLES:
        return Fate(left=True)
    with suppress(RawLayoutError):
        if file.is_relative_to(ground.root / "data") or not file.is_relative_to(ground.root):
            return _of_table(file, person, _rows(file, person))
    return Fate(left=True)


def _of_written(file: Path, person: Person) -> Fate | None:
    """Of what commands wrote for single photographs; None where none of them did."""
    if (others := belonging(file)) is not None:
        return Fate(goes=True, beside=others)
    if (survey := surveyed(file, person)) and survey.rows:
        return replace(_of_table(file, person, survey.rows), beside=survey.pictures, sheets=survey.sheets)
    own, of_others = rows(file, person) or (set(), set())
    if not own:
        return None
    return _of_table(file, person, own) if of_others else Fate(goes=True)


def _rows(table: Path, person: Person) -> set[Place]:
    """Rows with a cell that is the person's name, or a photograph's; in columns that may hold such a name."""
    return rows_with(table, lambda column: {key(name) for name in (*person.cells(column), *person.images)})


def _is_subject(file: Path, person: Person) -> bool:
    """Whether a table has the person in a column of subjects, under a name that tells nothing elsewhere (`12`)."""
    if person.subject is None or telling(person.subject) or file.suffix.lower() not in TABLES:
        return False
    with suppress(RawLayoutError, OSError):
        return bool(rows_with(file, lambda column: {key(str(person.subject))} if column in SUBJECTS else set()))
    return False


def called_after(file: Path, person: Person, ground: Ground) -> bool:
    """Whether a file, other than somebody's photograph, or a folder that it lies in is called after the person."""
    if file.absolute() in ground.photographs:
        return False
    below = (file.relative_to(place) for place in ground.places if file.is_relative_to(place))
    return any(person.in_path(path) for path in below)


def _of_made(file: Path, person: Person) -> Fate:
    """Of what a program wrote: databases and texts lose the words, tables the rows; the rest can be made again."""
    kind = kind_of(file)
    if kind == "database":
        return Fate(cleaned=True)
    if file.suffix.lower() in SHEETS:
        return Fate(lines=lines) if (lines := _mixed(file, person)) else Fate(goes=True)
    if file.suffix.lower() in TEXTS or (kind == "other" and text(file.read_bytes()) is not None):
        inside = look(file, person).what is not None
        return Fate(cleaned=inside, left=not inside)
    return Fate(goes=True)


def _mixed(file: Path, person: Person) -> frozenset[Place]:
    """The person's rows in a table in which others have rows too, where it has nothing of the person without them."""

    def held(column: str, cell: str) -> bool:
        return key(cell) in {key(name) for name in person.cells(column)} or (
            column not in OTHERS and person.found(cell) is not None
        )

    with suppress(RawLayoutError, OSError):
        own, others = rows_where(file, held)
        if own and others and in_content(without(file, own), person) is None:
            return frozenset(own)
    return frozenset()


def _of_table(file: Path, person: Person, lines: Collection[Place]) -> Fate:
    """Of a table that people keep these lines go; what else mentions the person is theirs to change."""
    if not lines:
        return Fate(left=True)
    return Fate(lines=frozenset(lines), left=in_content(without(file, lines), person) is not None)
