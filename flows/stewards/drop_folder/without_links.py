"""Files of a folder that others write to, reached through no link: between a look and a step they may swap one in.

In: the folder and names in it. Out: copies where nobody else writes, or files moved to other names in the folder. Every
part of a name is opened by itself and never followed, so nothing outside the folder is read or moved.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from flows.stewards.outside_folders.watched_folders import place_of


@contextmanager
def copied(root: Path, folder: Path, files: Sequence[PurePosixPath]) -> Iterator[Path]:
    """A folder of our own, inside the project, with these files of `folder` under the same names. Links stay links."""
    with TemporaryDirectory(dir=place_of(root, folder)) as place:
        for name in files:
            target = Path(place, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with parent_of(folder, name) as parent:
                _copy(parent, name.name, target)
        yield Path(place)


def move(folder: Path, source: PurePosixPath, target: PurePosixPath) -> None:
    """Give what lies in the folder another name in it. OSError: a part of either name is a link, or is not there."""
    (folder / target).parent.mkdir(parents=True, exist_ok=True)
    with parent_of(folder, source) as here, parent_of(folder, target) as there:
        os.rename(source.name, target.name, src_dir_fd=here, dst_dir_fd=there)


@contextmanager
def parent_of(folder: Path, name: PurePosixPath) -> Iterator[int]:
    """The folder that the name lies in, opened part by part. OSError where a part is a link."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in name.parent.parts:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


def _copy(parent: int, name: str, target: Path) -> None:
    """The file as it is when it is opened; a link as a link, which whoever reads the copy judges."""
    if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        target.symlink_to(os.readlink(name, dir_fd=parent))
        return
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent)
    with os.fdopen(opened, "rb") as source, target.open("xb") as copy:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError("a file became something else while it was read")
        shutil.copyfileobj(source, copy)
