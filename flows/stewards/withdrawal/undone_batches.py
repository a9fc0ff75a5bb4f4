"""Batches that were undone: what of them DVC's cache still holds, by the versions that git knows.

In: the project. Out: the files that their tables name, as if they lay there, and the batches that nobody can look into.
Brings nothing back: while it looks, a folder of links into the cache stands for each batch, inside `.dvc/tmp`.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from flows.repository.commits import git
from flows.stewards.batches.history import batches
from flows.stewards.batches.put_in_place import added_folder
from flows.stewards.withdrawal.dvc_outs import cached
from tasks.ingest.images.inventory import Named, name_files
from tasks.ingest.tables.raw_layout import BATCHES, Folder
from tasks.ingest.tables.sheets import RawLayoutError
from tasks.params.ingest import IngestImages

PLACE, NAME = Path(".dvc/tmp"), "undone-"
"""Where the links lie, and what their folders' names begin with."""

Files = dict[str, Path]
"""A batch's files: their paths inside it, and where they lie in the cache."""


@dataclass(frozen=True)
class Undone:
    """`named`: files that the tables of undone batches name, in the cache; `lost`: undone batches that it has not."""

    named: list[Named]
    lost: list[str]


def undone(root: Path, cache: Path, kinds: IngestImages) -> Undone:
    """What the cache holds of batches that are not there any more."""
    (root / PLACE).mkdir(parents=True, exist_ok=True)
    for left in (root / PLACE).glob(f"{NAME}*"):
        shutil.rmtree(left)  # of a command that was killed
    gone = _gone(root, cache)
    named: list[Named] = []
    for batch, files in gone.items():
        with _links(root, files) as folder:
            try:
                found = name_files([Folder(folder, f"{batch}/")], kinds)[0]
            except RawLayoutError:
                continue  # ratings alone, or nothing that could have come in
            named += [replace(item, file=files[item.path.removeprefix(f"{batch}/")]) for item in found]
    whole = {batch for batch, files in gone.items() if all(file.exists() for file in files.values())}
    return Undone(named, [row["batch"] for row in batches(root) if not row["there"] and row["batch"] not in whole])


def _gone(root: Path, cache: Path) -> dict[str, Files]:
    """The batches of earlier versions that are not there now, each as the cache has it last."""
    added = added_folder(root)
    inside = added / BATCHES
    here = {path.name for path in inside.iterdir()} if inside.is_dir() else set()
    found: dict[str, Files] = {}
    for digest in _versions(root, f"{inside.relative_to(root).as_posix()}.dvc"):
        listed = cached(cache, digest)
        version: dict[str, Files] = {}
        for row in json.loads(listed.read_bytes()) if listed.exists() else ():
            batch, _, name = str(row["relpath"]).partition("/")
            version.setdefault(batch, {})[name] = cached(cache, str(row["md5"]))
        found = version | found
    return {batch: files for batch, files in found.items() if batch not in here}


def _versions(root: Path, record: str) -> Iterator[str]:
    """DVC's digests of all batches together, newest first, in every branch."""
    for commit in git(root, "log", "--all", "--format=%H", "--", record, check=False).split():
        try:
            said = yaml.safe_load(git(root, "show", f"{commit}:{record}", check=False))
            yield str(said["outs"][0]["md5"])
        except (yaml.YAMLError, LookupError, TypeError):
            continue  # removed in this commit, or a merge's marks were committed


@contextmanager
def _links(root: Path, files: Mapping[str, Path]) -> Iterator[Path]:
    """A folder in which each file of the batch is a link into the cache."""
    with tempfile.TemporaryDirectory(dir=root / PLACE, prefix=NAME) as place:
        for name, file in files.items():
            if ".." in Path(name).parts or Path(name).is_absolute():
                continue
            link = Path(place, name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)
        yield Path(place)
