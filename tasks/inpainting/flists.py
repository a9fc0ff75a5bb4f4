"""Lists of pictures as inpainting's published codes take them (.flist), made into a raw folder of controls.

In: a list of pictures, one path a line; if there are any, the list of their landmarks (a text file of 68 points each)
and of masks, line by line the same faces; and CelebA's list of who is who. Out: which pictures can be used, of whom,
and why the others cannot. Landmarks are not taken over, for the stages find their own, nor are masks; both are looked
at, because all-zero landmarks are how such lists say that no face was found. Opens no picture.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.errors import InputError

NUMBERS = 2 * 68
IDENTITIES = "identity_CelebA.txt"
PICTURES = ("img_align_celeba", "img_celeba", "Img/img_align_celeba", "images")
"""Where CelebA's pictures lie, as it is unpacked."""
SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Listed:
    """A picture of a list. With a `reason` it cannot be used."""

    source: str  # the list
    line: int
    path: Path
    subject_id: str | None = None
    reason: str | None = None


def read_list(path: Path, moved: Path | None = None) -> list[tuple[int, Path]]:
    """Line numbers and paths. InputError: no such file, not text, nothing in it.

    A relative path is one from the list's own folder. `moved`: the folder in which the files lie now, whatever folder
    the list says; a path's end is looked for below it, the longest first.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: no text in UTF-8; a list has one path in each line") from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError(f"{path}: no line in it; a list has one path in each line")
    return [(number, _found(Path(line.replace("\\", "/")), path.parent, moved)) for number, line in lines]


def _found(written: Path, folder: Path, moved: Path | None) -> Path:
    """Where the file is, or would be."""
    if moved is None:
        return folder / written
    parts = [part for part in written.parts if part not in (os.sep, "..")]
    ends = [moved.joinpath(*parts[start:]) for start in range(len(parts))]
    return next((end for end in ends if end.is_file()), moved / written.name)


def pictures(
    listed: Path,
    *,
    landmarks: Path | None,
    masks: Path | None,
    identities: Path | None,
    moved: Path | None,
) -> list[Listed]:
    """What each line of the list is. InputError: a list that cannot be read, or lists of different lengths."""
    own = read_list(listed, moved)
    beside = {name: read_list(path, moved) for name, path in (("landmarks", landmarks), ("masks", masks)) if path}
    for name, other in beside.items():
        if len(other) != len(own):
            where = landmarks if name == "landmarks" else masks
            raise InputError(
                f"{where}: {len(other)} lines, but {listed} has {len(own)}; line by line they must be the same faces"
            )
    who = None if identities is None else read_identities(identities)
    points = [path for _, path in beside.get("landmarks", [])]
    hidden = [path for _, path in beside.get("masks", [])]
    found: list[Listed] = []
    seen: dict[Path, int] = {}
    for place, (number, path) in enumerate(own):
        first = seen.setdefault(path, number)
        reason = f"stands twice (line {first} too)" if first != number else _wrong(path, "picture")
        reason = reason or (_no_points(points[place]) if points else None)
        reason = reason or (_wrong(hidden[place], "mask") if hidden else None)
        subject = None if who is None else who.get(path.name)
        if who is not None and identities is not None:
            reason = reason or _unnamed(path, who, identities)
        found.append(Listed(listed.name, number, path, subject, reason))
    return found


def _wrong(path: Path, what: str) -> str | None:
    return None if path.is_file() else f"no such {what}: {path}"


def _no_points(path: Path) -> str | None:
    """Why a file of landmarks says that the picture cannot be used; None where it has a face."""
    try:
        values = np.array([float(part) for part in re.split(r"[\s,;]+", path.read_text("utf-8-sig").strip()) if part])
    except OSError:
        return f"no such landmarks: {path}"
    except ValueError:
        return f"landmarks {path}: not numbers alone; accepted: {NUMBERS} numbers, x and y of 68 points"
    if len(values) != NUMBERS:
        return f"landmarks {path}: {len(values)} numbers; accepted: {NUMBERS}, x and y of 68 points"
    if not np.isfinite(values).all():
        return f"landmarks {path}: some are no numbers"
    if not values.any():
        return f"landmarks {path} are all zero: no face was found in the picture"
    return None


def read_identities(path: Path) -> dict[str, str]:
    """Who is on each picture, by its file's name, as CelebA has it. InputError names the first line that is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text; CelebA's list of people is {IDENTITIES}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) != 2:  # noqa: PLR2004
            raise InputError(f"{path}, line {number}: {line[:60]!r}; accepted: a file's name and a number of a person")
        if found.setdefault(parts[0], f"celeba-{parts[1]}") != f"celeba-{parts[1]}":
            raise InputError(f"{path}, line {number}: {parts[0]} stands above as another person")
    return found


def celeba(folder: Path) -> list[Listed]:
    """CelebA as it is unpacked, or a part of it. InputError says what is missing."""
    identities = next((file for file in (folder / IDENTITIES, folder / "Anno" / IDENTITIES) if file.is_file()), None)
    inside = next((folder / name for name in PICTURES if (folder / name).is_dir()), None)
    if identities is None or inside is None:
        missing = IDENTITIES if identities is None else f"folder of pictures ({', '.join(PICTURES)})"
        raise InputError(f"{folder}: no {missing}; accepted: CelebA as it is unpacked, or a list of pictures (.flist)")
    who = read_identities(identities)
    files = sorted(path for path in inside.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [
        Listed(inside.name, number, path, who.get(path.name), _unnamed(path, who, identities))
        for number, path in enumerate(files, 1)
    ]


def _unnamed(path: Path, who: dict[str, str], identities: Path) -> str | None:
    return None if path.name in who else f"{path.name} is not in {identities}, so nobody knows whom it shows"


def named(rows: list[Listed], prefix: str) -> Iterator[tuple[Path, str, Listed]]:
    """Where each usable picture lies below the new folder, and whom it shows."""
    used = [row for row in rows if row.reason is None]
    if not used:
        return
    above = Path(os.path.commonpath([row.path.absolute().parent for row in used]))
    for row in used:
        below = row.path.absolute().relative_to(above)
        alone = "-".join(below.with_suffix("").parts)
        yield Path("pictures") / below, row.subject_id or f"{prefix}-{alone}", row
