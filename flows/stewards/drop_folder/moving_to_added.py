"""What a drop folder's watcher remembers, and how it moves what came in into the subfolder `added`.

In: the folder, and moves from a name in it to a name in `added`. Out: the files moved; nothing is ever replaced. The
memory lies where everybody who drops can write: it holds names, no paths, and each is checked again before it is used.
Does not know what a batch is.
"""

import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, count
from pathlib import Path, PurePosixPath

from flows.stewards.batches.dvc_tracking import Tell
from flows.stewards.drop_folder.without_links import move
from tasks.base.tables import replacing
from tasks.base.words import counted

ACCEPTED = "added"
"""The subfolder that accepted batches move to."""

MEMORY = ".vermilion.json"
"""What was rejected as it is now, and what is on its way to `added`: so that a restart goes on where it was."""

MOST_BYTES = 64 * 1024**2
"""A longer memory is taken for a damaged one."""

Names = dict[str, str]


def remembered(folder: Path, tell: Tell) -> tuple[Names, Names]:
    """What an earlier watcher of this folder left: rejected batches, and moves. A damaged one is told."""
    file = folder / MEMORY
    try:
        found = file.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= MOST_BYTES:
            left = json.loads(file.read_bytes())
            return _names(left["tried"]), _names(left["moving"])
    except FileNotFoundError:
        return {}, {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass
    tell(f"{MEMORY} is damaged: it is begun anew, and rejected batches are tried again")
    with suppress(OSError):
        remember(folder, {}, {})
    return {}, {}


def remember(folder: Path, tried: Names, moving: Names) -> None:
    """Write the memory."""
    with replacing(folder / MEMORY) as temporary:
        temporary.write_text(json.dumps({"tried": tried, "moving": moving}), encoding="utf-8")


def _names(found: object) -> Names:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise TypeError("not names by names")
    return found


def free_name(folder: Path, stem: str, batch: str) -> str:
    """A name in `added` that nothing has: the batch's own, or that with the batch's id, or these with a number."""
    names = chain((stem, f"{stem}-{batch}"), (f"{stem}-{batch}-{number}" for number in count(2)))
    return next(name for name in names if not os.path.lexists(folder / ACCEPTED / name))


def set_aside(folder: Path, moving: Names, tell: Tell) -> Names:
    """Move each name in the folder to its name in `added`. What could not be moved now, to be tried again."""
    left: Names = {}
    untrue, trouble = 0, ""
    for source, target in moving.items():
        try:
            if not os.path.lexists(folder / source):
                continue  # an earlier watcher moved it
            if not _is_true(folder, source, target):
                untrue += 1
                continue
            move(folder, PurePosixPath(source), PurePosixPath(target))
            _remove_empty(folder, (folder / source).parents)
        except ValueError:  # no name that a file can have
            untrue += 1
        except OSError as error:
            left[source], trouble = target, str(error.strerror)
    if untrue:
        tell(
            f"{counted(untrue, 'move')} left undone: not from this folder into a new name in `{ACCEPTED}`, or by a link"
        )
    if left:
        tell(f"{counted(len(left), 'file or folder', 'files or folders')} cannot be moved now: {trouble}; trying again")
    return left


def _is_true(folder: Path, source: str, target: str) -> bool:
    """From inside the folder to a new name in `added`, and no link on either way."""
    parts, into = PurePosixPath(source).parts, PurePosixPath(target).parts
    if not parts or parts[0] in ("/", "//", ACCEPTED, MEMORY) or len(into) < 2 or into[0] != ACCEPTED:
        return False
    if ".." in (*parts, *into) or os.path.lexists(folder / target):
        return False
    way = [path for name in (PurePosixPath(source), PurePosixPath(target)) for path in (name, *name.parents)]
    return not any((folder / path).is_symlink() for path in way if path.parts)


def _remove_empty(folder: Path, parents: Iterable[Path]) -> None:
    """Remove folders that the move emptied, from the inside out."""
    for parent in parents:
        if parent == folder:
            return
        try:
            parent.rmdir()
        except OSError:  # something else lies in it
            return
