"""Files that several machines share: a folder that all of them mount, or an object store named by an fsspec URL.

In: the place (`/mnt/results`, `file:///mnt/results`, `s3://bucket/prefix`) and a file's name in it. Out: its bytes.
Credentials and addresses come from the backend's own environment variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL ...).
A file appears whole or not at all: object stores see to that themselves, in a folder it appears by rename.
Whatever goes wrong there is a SharedStoreError. Knows nothing of what the files are.
"""

import errno
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec

from tasks.base import tables
from tasks.errors import InputError


class SharedStoreError(InputError):
    """The shared place does not answer or refuses; the message names it and says why."""


class NotSharedError(SharedStoreError):
    """The shared place answers, and has no file of that name."""


def read(place: str, name: str) -> bytes:
    """A small file's bytes. NotSharedError where there is none."""
    with _reaching(place):
        filesystem, path = _open(place, name)
        return bytes(filesystem.cat_file(path))


def download(place: str, name: str, target: Path) -> None:
    """Copy a file to `target`. NotSharedError where there is none; OSError when the disk here is full."""
    with _reaching(place, full_is_here=True):
        filesystem, path = _open(place, name)
        filesystem.get_file(path, str(target))


def size(place: str, name: str) -> int | None:
    """A file's size in bytes; None where there is none."""
    try:
        with _reaching(place):
            filesystem, path = _open(place, name)
            return int(filesystem.info(path)["size"])
    except NotSharedError:
        return None


def write(place: str, name: str, content: bytes) -> None:
    """Write a small file."""
    with _reaching(place):
        filesystem, path = _open(place, name)
        if _is_folder(filesystem):
            with _as_the_place(place, Path(path)) as temporary:
                temporary.write_bytes(content)
        else:
            filesystem.pipe_file(path, content)


def upload(place: str, name: str, source: Path) -> None:
    """Copy `source` there."""
    with _reaching(place):
        filesystem, path = _open(place, name)
        if _is_folder(filesystem):
            with _as_the_place(place, Path(path), size=source.stat().st_size) as temporary:
                shutil.copyfile(source, temporary)
        else:
            filesystem.put_file(str(source), path)


def _open(place: str, name: str) -> tuple[Any, str]:
    """The place's file system, and the file's path in it. A folder has to be there: it may be a mount that is not."""
    filesystem, root = fsspec.url_to_fs(place)
    if _is_folder(filesystem) and not filesystem.isdir(root):
        raise SharedStoreError(f"{place}: no such folder on this machine")
    return filesystem, f"{root.rstrip('/')}/{name}"


@contextmanager
def _as_the_place(place: str, path: Path, *, size: int = 0) -> Iterator[Path]:
    """`tables.replacing`; and whoever may enter the place may read the file, whatever this process's umask is.

    Where several accounts share it, they share it by its own permissions, which whoever made it chose.
    """
    root = Path(fsspec.url_to_fs(place)[1])
    mode = stat.S_IMODE(root.stat().st_mode)
    for folder in reversed([path.parent, *path.parent.parents]):
        if folder.is_relative_to(root) and not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir()
                folder.chmod(mode)
    with tables.replacing(path, size=size) as temporary:
        yield temporary
        temporary.chmod(mode & 0o666)


def _is_folder(filesystem: Any) -> bool:
    return "file" in filesystem.protocol


@contextmanager
def _reaching(place: str, *, full_is_here: bool = False) -> Iterator[None]:
    """Every backend has errors of its own; they all become one. `full_is_here`: a full disk is not the place's."""
    try:
        yield
    except SharedStoreError:
        raise
    except FileNotFoundError as error:
        raise NotSharedError(f"{place}: {error}") from error
    except Exception as error:
        if full_is_here and isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise SharedStoreError(f"{place}: {reason[:300]}") from error
