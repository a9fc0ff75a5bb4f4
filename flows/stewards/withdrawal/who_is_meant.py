"""Whose consent is gone: the person or the photograph that a name means, and a withdrawal that was begun.

In: a name as a steward gives it. Out: who that is, with every photograph of theirs: in the raw folder, in the batches,
and in batches that were undone before, as far as DVC's cache has them. Removes nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from flows.stewards.batches.dvc_tracking import Tell
from flows.stewards.batches.put_in_place import WITHDRAWAL, added_folder
from flows.stewards.outside_folders.batch_sources import sheets_showing, sources
from flows.stewards.traces.person import Person
from flows.stewards.withdrawal.dvc_outs import open_project
from flows.stewards.withdrawal.undone_batches import undone
from tasks import params
from tasks.base import images
from tasks.base.images import UnreadableImage
from tasks.base.words import counted
from tasks.errors import InputError
from tasks.ingest.images.inventory import REQUIRED, Named, name_files
from tasks.ingest.images.withdrawn import pixel_digest
from tasks.ingest.tables.file_names import slashes
from tasks.ingest.tables.raw_layout import BATCHES, Folder, folders
from tasks.ingest.tables.spelling import alike, key
from tasks.params.ingest import IngestImages
from tasks.params.running import Data


class Withdrawal(BaseModel):
    """Who, and the stages whose results go whole: networks that saw the person and what was made with them.

    `undone`: their photographs in batches that were undone, which DVC's cache has; `lost`: undone batches that it has
    not, so that nobody can tell whom they held; `pixels`: digests of what the photographs show; `unlike`: stages
    whose results were not those of dvc.lock before; `brought`: folders outside that batches were added from;
    `sheets`: blinded sheets that show the person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    person: Person
    networks: tuple[str, ...]
    also: tuple[str, ...]
    undone: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    pixels: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Raw:
    """The raw folder and the batches, and every file that they name."""

    folders: list[Folder]
    named: list[Named]


def read_raw(root: Path) -> Raw:
    """What the tables of the raw folder and of the batches name; of a raw folder that is gone (drawn faces) nothing."""
    numbers = root / "params.yaml"
    kinds = params.load(IngestImages, "ingest_images", numbers)
    raw = root / params.load(Data, "data", numbers).raw
    inside = folders(raw, added_folder(root))
    there = inside if raw.is_dir() else [folder for folder in inside if folder.table("images", REQUIRED)]
    return Raw(there, name_files(there, kinds)[0])


def find(target: str, root: Path, *, also: tuple[Path, ...]) -> Withdrawal:
    """Who is meant by a subject's name, a photograph's name or path, or an image_id. InputError: nobody, or two."""
    project = open_project(root)
    kinds = params.load(IngestImages, "ingest_images", root / "params.yaml")
    gone = undone(root, project.cache, kinds)
    named = [*read_raw(root).named, *gone.named]
    own = [item for item in named if key(item.subject_id) == key(target)]
    photographs = _photographs(target, named)
    if own and photographs:
        raise InputError(f"{target} is a subject and a photograph; name the photograph by its image_id, or its path")
    chosen = own or photographs
    if not chosen:
        where = "in the raw folder, the batches, and batches that were undone"
        near = _near(target, named)
        raise InputError(f"{target}: no such subject, photograph or image_id {where}{near}{said_of_lost(gone.lost)}")
    ids = {item.image_id for item in chosen}
    same = [item for item in named if item.image_id in ids]
    person = Person(
        subject=chosen[0].subject_id if own else None,
        control=any(item.line.cells["population"] == "control" for item in same),
        images=tuple(sorted(ids)),
        frames=tuple(sorted(project.frames_of(ids))),
        names=_names(same, [item.path for item in named if item.image_id not in ids]),
        sizes=tuple(sorted({item.size_bytes for item in same})),
    )
    return Withdrawal(
        person=person,
        networks=project.with_descendants(project.saw(person)),
        also=tuple(str(one) for one in also),
        undone=tuple(sorted({item.path for item in gone.named if item.image_id in ids})),
        lost=tuple(gone.lost),
        pixels=_pixels(same, kinds.still_suffixes),
        unlike=tuple(sorted(project.changed())),
        brought=tuple(str(folder) for folder in sources(root, also)),
        sheets=tuple(sheets_showing(root, person)),
    )


def again(found: Withdrawal, root: Path, tell: Tell) -> Withdrawal:
    """The same person or photograph, found anew now that nobody else changes the data; what came in meanwhile is told.

    InputError where another withdrawal was begun, or somebody else has finished this one.
    """
    begun = under_way(root)
    if begun is not None and begun.person.images != found.person.images:
        raise InputError(
            "another withdrawal was begun and not finished; run `vermilion withdraw` (without a name) first"
        )
    if begun is not None:
        return begun
    fresh = find(found.person.subject or found.person.images[0], root, also=tuple(map(Path, found.also)))
    if more := set(fresh.person.images) - set(found.person.images):
        tell(f"{counted(len(more), 'photograph or clip', 'photographs and clips')} came in meanwhile: withdrawn, too")
    return fresh


def is_of(target: str, begun: Withdrawal, root: Path) -> bool:
    """Whether a name, as a steward gives it, is of this withdrawal, whose photographs may be gone already."""
    person = begun.person
    raw = root / params.load(Data, "data", root / "params.yaml").raw
    places = [place.absolute() for place in (raw, added_folder(root) / BATCHES)]
    own = {*person.images, *person.names, *(str(place / name) for place in places for name in person.names)}
    asked = {key(target), key(slashes(target)), key(str(Path(target).absolute()))}
    return bool(asked & {key(name) for name in (*own, person.subject) if name})


def _photographs(target: str, named: Sequence[Named]) -> list[Named]:
    """The photograph that is meant: its id, its path as it stands; else in another case, and by its file name alone.

    InputError where that could be two photographs.
    """
    path, asked = Path(target).absolute(), slashes(target)
    if exact := [one for one in named if target == one.image_id or asked == one.path or one.file.absolute() == path]:
        return exact
    loose = [one for one in named if key(one.path) == key(asked)]
    loose = loose or [one for one in named if key(Path(one.path).name) == key(asked)]
    if len({one.image_id for one in loose}) > 1:
        paths = ", ".join(sorted({one.path for one in loose}))
        raise InputError(f"{target} could be several photographs: {paths}; name one by its whole path or its image_id")
    return loose


def _near(target: str, named: Sequence[Named]) -> str:
    """Who or what may be meant by a name that nobody has; only asked, since nothing can be brought back."""
    known = {one.subject_id for one in named} | {one.path for one in named} | {Path(one.path).name for one in named}
    near = sorted(other for other in known if alike(target, other))
    return f"; did you mean {' or '.join(near[:3])}?" if near else ""


def _pixels(items: Sequence[Named], still_suffixes: Sequence[str]) -> tuple[str, ...]:
    """Digests of what these photographs show; of clips, and of what cannot be opened, there are none."""
    found = set()
    for item in items:
        with suppress(UnreadableImage):
            if Path(item.path).suffix.lower() in still_suffixes:
                found.add(pixel_digest(images.read(item.file)))
    return tuple(sorted(found))


def said_of_lost(lost: Sequence[str]) -> str:
    """What to do about undone batches that nobody can look into; nothing where there are none."""
    if not lost:
        return ""
    return (
        f"; DVC's cache here no longer has all of {', '.join(lost)}, undone before, so whom they held cannot be told; "
        "if a DVC remote has them: `dvc fetch --all-commits data/added/batches.dvc`, then this command again"
    )


def _names(own: Sequence[Named], others: Sequence[str]) -> tuple[str, ...]:
    """What the photographs are called: paths, and file names, as far as nobody else's photograph is called so."""
    found = {name for item in own for name in (item.path, Path(item.path).name)}
    taken = {"/".join(parts[at:]) for other in others for parts in [other.split("/")] for at in range(len(parts))}
    return tuple(sorted(found - taken))


def under_way(root: Path) -> Withdrawal | None:
    """The withdrawal that was begun and not ended."""
    try:
        return Withdrawal.model_validate_json((root / WITHDRAWAL).read_bytes())
    except FileNotFoundError:
        return None


def finished(root: Path) -> None:
    """Forget who it was, once all was searched."""
    (root / WITHDRAWAL).unlink(missing_ok=True)
