"""A person whose consent is gone: everything of them on this machine removed, and the photographs refused ever after.

In: a subject or a photograph. Out: tombstones and the batches in one commit; photographs, lines, results, networks that
saw the person, and all copies of these gone. What is to be removed is written down first (data/.withdrawal.json), so
that a withdrawal that was killed goes on from there. What a stage lost is computed again by the next `dvc repro`, which
takes the rest from the store. Where else something may lie: flows.stewards.remains.
"""

import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from flows.repository.commits import check_git, commit_only
from flows.running.address import announce
from flows.stewards.batches import WITHDRAWAL, added_folder, steward
from flows.stewards.drop_folder import watched
from flows.stewards.meant import Withdrawal, read_raw
from flows.stewards.outs import drop_from_lock, has_to_go, open_project, track_again
from flows.stewards.traces import (
    Person,
    clean_database,
    clean_text,
    files_below,
    in_table,
    kind_of,
    made_by,
    traces,
)
from flows.stewards.versions import Tell, writing
from tasks import params
from tasks.base.tables import replacing
from tasks.ingest.removal import lines_about, lines_naming, rows_with, write_without
from tasks.ingest.sheets import RawLayoutError
from tasks.ingest.spelling import key
from tasks.ingest.withdrawn import read_withdrawn, write_withdrawn
from tasks.params.running import Data
from tasks.store.artifacts import Store
from tasks.store.collection import alone

SKIPPED = (".git", ".venv", "__pycache__", "node_modules")
"""Folders that hold nothing of a person, or (.git) that are asked in another way."""

MADE = (".dvc", ".prefect", "data/.artifacts", "data/.incoming", "data/reports")
"""What programs wrote, besides the outs of stages: a file there that mentions the person goes, or loses the mention."""


def show(found: Withdrawal, root: Path, tell: Tell) -> None:
    """Say what will be touched."""
    person, raw = found.person, read_raw(root)
    whose = f"subject {person.subject}" if person.subject else "one photograph"
    tell(f"{whose}: {len(person.images)} photographs and clips, {len(person.frames)} frames")
    for item in raw.named:
        if item.image_id in person.images:
            tell(f"  file {item.file}")
    ids, subject = person.images, person.subject
    for table, lines in (
        *lines_about(raw.folders, raw.named, ids),
        *lines_naming(raw.folders, raw.named, ids, subject),
    ):
        if lines:
            tell(f"  {len(lines)} lines of {table}")
    for name in found.undone:
        tell(f"  {name}, of a batch that was undone: in DVC's cache")
    project = open_project(root)
    for name in project.trained(found.networks):
        tell(f"  network {name} saw the person: it goes, and what was made with it; it trains again")
    for place, number in _count(found, root).items():
        tell(f"  {number} files in {place}")


def withdraw(found: Withdrawal, root: Path, store: Store, *, commit: bool, tell: Tell) -> None:
    """Remove it all; after a kill again, with the same `found` (`under_way`). StoreBusyError while a stage runs."""
    root = root.resolve()
    if commit:
        check_git(root)
    with steward(root, tell, withdrawing=True), alone(store):
        with replacing(root / WITHDRAWAL) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(found.model_dump_json(), encoding="utf-8")
        added = added_folder(root)
        stones = write_withdrawn(added, read_withdrawn(added).more(found.person.images, found.pixels))
        with writing(root, added, tell):
            _remove(found, root, store)
        project = open_project(root)
        records = [stones, *track_again(root, project, tell)]
        if drop_from_lock(root, project.lost(found.networks)):
            records.append(root / "dvc.lock")
        project = open_project(root)  # what it names now is what may stay
        for place in (project.cache, *project.own_caches):
            _remove_from_cache(found, place, project.named(found.networks))
        project.forget_index()
        if commit:
            number = len(found.person.images)
            commit_only(root, records, f"Withdrawn: {number} photograph{'s' * (number != 1)}; consent is gone")
    announce(root, {"batch": "withdrawal", "photographs": -len(found.person.images), "ratings": 0})


def _remove(found: Withdrawal, root: Path, store: Store) -> None:
    """Lines, photographs, results, copies: everything but DVC's cache, which comes last."""
    raw, person = read_raw(root), found.person
    for table, lines in list(lines_about(raw.folders, raw.named, person.images)):
        if lines:
            write_without(table, lines)
    for table, lines in list(lines_naming(raw.folders, raw.named, person.images, person.subject)):
        if lines:
            write_without(table, lines)
    for item in raw.named:
        if item.image_id in person.images:
            _unlink(item.file, [folder.path for folder in raw.folders])
    _remove_from_store(found, store)
    project = open_project(root)
    for out in project.outs_of(found.networks):
        shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)
    made = [*(root / name for name in MADE), *project.made()]
    brought = [folder.path.absolute() for folder in raw.folders]
    for file in files_below(places(found, root), SKIPPED):
        if not {project.cache, project.index} & set(file.parents):
            _clean(file, person, _whose(file, root, made, brought))
    for out in list(project.pages_after(found.networks)):
        shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)


def _remove_from_store(found: Withdrawal, store: Store) -> None:
    """Results with a row of the person, those of networks that saw them, and all that is not finished."""
    for record in sorted(store.root.glob("references/*/*.json")):
        reference = store.recorded(record.parent.name, record.stem)
        file = store.path(reference) if reference else None
        if record.parent.name in found.networks or (file and file.exists() and in_table(file, found.person)):
            record.unlink()
            if file:
                file.unlink(missing_ok=True)
    for left in (*store.root.glob("checkpoints/*/*"), *store.root.glob("staging/*")):
        left.unlink()


def places(found: Withdrawal, root: Path) -> list[Path]:
    """Everywhere to look: the project, its raw folder, drop folders that were watched, and folders named besides."""
    raw = root / params.load(Data, "data", root / "params.yaml").raw
    more = [place for place in (raw, *watched(root), *map(Path, found.also)) if not place.is_relative_to(root)]
    return [root, *more]


def _whose(file: Path, root: Path, made: Sequence[Path], brought: Sequence[Path]) -> str:
    """`brought` in the raw layout, `made` by programs, `kept` by people under data or in a drop folder, `else`."""
    for name, places in (("brought", brought), ("made", made)):
        if any(file.is_relative_to(place) for place in places):
            return name
    if file.name.endswith("-rejected.csv"):
        return "made"
    return "kept" if file.is_relative_to(root / "data") or not file.is_relative_to(root) else "else"


def _clean(file: Path, person: Person, whose: str) -> None:
    """Remove a copy of a photograph wherever it is; else what programs wrote of the person.

    Of tables that people keep only rows go in which a cell is the person's name or a photograph's: these may be
    captions, or a drop folder's copies. The tables of the raw layout have lost their lines already. What else people
    wrote, as workbooks of their own, is left for them: the search tells where.
    """
    held = file.name in (WITHDRAWAL.name, "rwlock")  # DVC's says who holds it: this command, by its words
    what = None if held else traces(file, person)
    if what is None:
        return
    kind = kind_of(file)
    if what == "bytes":
        file.unlink()
    elif whose == "kept" and file.suffix.lower() in (".csv", ".txt", ".tsv", ".xlsx", ".xlsm"):
        _take_rows(file, person)
    elif whose != "made":
        return
    elif kind == "database":
        clean_database(file, person)
    elif kind in ("table", "page", "picture", "weights") or file.suffix.lower() in (".csv", ".xlsx"):
        file.unlink()
    else:
        clean_text(file, person)


def _take_rows(file: Path, person: Person) -> None:
    """Rows with a cell that is a name of the person's go; a file that cannot be read as a table stays as it is."""
    names = {key(name) for name in (person.subject, *person.names, *person.images) if name}
    with suppress(RawLayoutError):
        if lines := rows_with(file, names):
            write_without(file, lines)


def _unlink(file: Path, roots: Sequence[Path]) -> None:
    """Remove the file, and the folders that are empty then."""
    file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder in roots or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _remove_from_cache(found: Withdrawal, place: Path, named: Collection[str]) -> None:
    for file in files_below([place], ()):
        if has_to_go(file, place, found.person, found.networks, named):
            file.chmod(0o600)
            file.unlink()


def _count(found: Withdrawal, root: Path) -> dict[str, int]:
    """How many files of each place have something of the person, or were made by a network that saw them."""
    count: dict[str, int] = {}
    for file in files_below(places(found, root), SKIPPED):
        if traces(file, found.person) or (kind_of(file) == "table" and made_by(file) in found.networks):
            parts = file.relative_to(root).parts[:2] if file.is_relative_to(root) else (str(file.parent),)
            where = "/".join(parts[: 1 if parts[0] != "data" else 2])
            count[where] = count.get(where, 0) + 1
    return count
