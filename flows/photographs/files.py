"""Which photographs are meant by the paths on a command line: files as they are named, folders with what is in them.

In: paths. Out: files in order, each once, and how many other files a folder has. Opens nothing, but where
digests are asked for.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tasks.base.digests import file_digest
from tasks.errors import InputError
from tasks.ingest.tables.file_names import walk


class Found(NamedTuple):
    """`photographs`, and by folder how many files in it are none."""

    photographs: list[Path]
    others: dict[Path, int]


def find(paths: Sequence[Path], suffixes: Collection[str]) -> Found:
    """The photographs meant. InputError: a folder without any.

    A file that is named is taken whatever its suffix: if it cannot be read, its row says why. In a folder and below it
    the suffix decides, in upper or lower case; hidden files, and what systems leave behind, are passed over.
    """
    photographs: list[Path] = []
    others: dict[Path, int] = {}
    for path in paths:
        if not path.is_dir():
            photographs.append(path)
            continue
        inside = [path / name for name in sorted(walk(path))]
        found = [file for file in inside if file.suffix.lower() in suffixes]
        if not found:
            raise InputError(f"{path}: no photograph in this folder; suffixes: {', '.join(suffixes)}")
        photographs += found
        if len(inside) > len(found):
            others[path] = len(inside) - len(found)
    once: dict[Path, Path] = {}
    for file in photographs:
        once.setdefault(Path(os.path.realpath(file)), file)  # which a circle of links does not stop
    return Found(list(once.values()), others)


def digests(photographs: Iterable[Path]) -> list[str]:
    """The sha256 of each photograph's bytes, in order, each once; of those that can be opened."""

    def read() -> Iterator[str]:
        for photograph in photographs:
            with suppress(OSError):
                yield file_digest(photograph)

    return sorted(set(read()))
