"""A person whose consent is gone: everything of them on this machine removed, and the photographs refused ever after.

In: a subject or a photograph. Out: tombstones and the batches in one commit; photographs, lines, results, networks that
saw the person, and all copies of these gone. What is to be removed is written down first (data/.withdrawal.json), so
that a withdrawal that was killed goes on from there. What a stage lost is computed again by the next `dvc repro`, which
takes the rest from the store. Where else something may lie: flows.stewards.withdrawal.what_is_left.
"""

import shlex
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.repository.commits import check_git, commit_only
from flows.stewards.batches.dvc_tracking import Tell, writing
from flows.stewards.batches.put_in_place import WITHDRAWAL, added_folder, steward
from flows.stewards.batches.reevaluation import start_reevaluation
from flows.stewards.outside_folders.batch_sources import said_of_source
from flows.stewards.traces.file_kinds import kind_of
from flows.stewards.traces.in_databases import clean_database
from flows.stewards.traces.in_files import clean_text, files_below, in_table
from flows.stewards.traces.person import Person
from flows.stewards.withdrawal import command_results
from flows.stewards.withdrawal.dvc_outs import drop_from_lock, has_to_go, open_project, track_again
from flows.stewards.withdrawal.file_actions import Fate, fate, looked, survey
from flows.stewards.withdrawal.program_files import shipped
from flows.stewards.withdrawal.who_is_meant import Withdrawal, again, read_raw
from tasks.base.tables import replacing
from tasks.base.words import counted
from tasks.ingest.images.withdrawn import read_withdrawn, write_withdrawn
from tasks.ingest.raw_folders.removal import lines_about, lines_naming, write_without
from tasks.store.artifacts import Store
from tasks.store.collection import alone


@dataclass
class Plan:
    """Files that go whole, files that lose lines or words, and files that the steward has to see to."""

    goes: set[Path] = field(default_factory=set)
    changes: set[Path] = field(default_factory=set)
    left: set[Path] = field(default_factory=set)


def plan(found: Withdrawal, root: Path, store: Store) -> Plan:
    """What `withdraw` will do, file by file."""
    project, person, made = open_project(root), found.person, Plan()
    ground, program = survey(found, root, project), shipped(root)
    for file in ground.files():
        if what := fate(file, person, ground):
            made.goes |= {*what.beside, *([file] if what.goes else [])}
            made.changes |= {*what.sheets, *([file] if what.lines or what.cleaned else [])}
            example = file in program and looked(file, person, ground).what == "name"
            made.left |= {file} if what.left and not example else set()
    made.goes |= _all(project.outs_of(found.networks)) | set(_in_store(found, store))
    hit = project.making(made.goes | made.changes)
    unlike = set(found.unlike) & project.able(person)
    made.goes |= _all(project.pages_after({*found.networks, *hit, *unlike}, person))
    made.changes -= made.goes
    named = project.named(
        {*found.networks, *project.making(made.goes | made.changes), *unlike}, made.goes | made.changes
    )
    for place in (project.cache, *project.own_caches):
        made.goes |= {
            file for file in files_below([place], ()) if has_to_go(file, place, person, found.networks, named)
        }
    made.left -= made.goes
    return made


def show(found: Withdrawal, root: Path, store: Store, tell: Tell) -> None:
    """Say what will be touched."""
    person, raw = found.person, read_raw(root)
    whose = f"subject {person.subject}" if person.subject else "one photograph"
    tell(
        f"{whose}: {counted(len(person.images), 'photograph or clip', 'photographs and clips')}, "
        f"{counted(len(person.frames), 'frame')}"
    )
    for item in raw.named:
        if item.image_id in person.images:
            tell(f"  file {item.file}")
    ids, subject = person.images, person.subject
    for table, lines in (
        *lines_about(raw.folders, raw.named, ids),
        *lines_naming(raw.folders, raw.named, ids, subject),
    ):
        if lines:
            tell(f"  {counted(len(lines), 'line')} of {table}")
    for name in found.undone:
        tell(f"  {name}, of a batch that was undone: in DVC's cache")
    for name in open_project(root).trained(found.networks):
        tell(f"  network {name} saw the person: it goes, and what was made with it; it trains again")
    planned = plan(found, root, store)
    for what, files in (("goes", planned.goes), ("loses lines or names", planned.changes)):
        for place, number in sorted(_counted(files, root).items()):
            tell(f"  {counted(number, 'file')} in {place}: {what}")
    for file in sorted(planned.left):
        shown = file.relative_to(root) if file.is_relative_to(root) else file
        tell(f"  you must see to this yourself, delete or change it: {shown}")
    for folder in found.brought:
        tell(f"  {said_of_source(Path(folder), person)}, or call with --also {shlex.quote(folder)}")


def withdraw(found: Withdrawal, root: Path, store: Store, *, commit: bool, tell: Tell) -> Withdrawal:
    """Remove it all, and say what that was; after a kill again, with the same `found` (`under_way`).

    StoreBusyError while a stage runs; InputError while another withdrawal is under way. Both are asked in the lock,
    and who is meant is found again in it: data may have come in since it was shown.
    """
    root = root.resolve()
    if commit:
        check_git(root)
    with steward(root, tell, withdrawing=True), alone(store):
        found = again(found, root, tell)
        with replacing(root / WITHDRAWAL) as temporary:
            temporary.touch(mode=0o600)
            temporary.write_text(found.model_dump_json(), encoding="utf-8")
        added = added_folder(root)
        stones = write_withdrawn(added, read_withdrawn(added).more(found.person.images, found.pixels))
        with writing(root, added, tell):
            _remove(found, root, store)
        project = open_project(root)
        records = [stones, *track_again(root, project, tell)]
        if drop_from_lock(root, project.lost(found.networks, found.person, found.unlike)):
            records.append(root / "dvc.lock")
        project = open_project(root)  # what it names now is what may stay
        for place in (project.cache, *project.own_caches):
            _remove_from_cache(found, place, project.named(found.networks))
        project.forget_index()
        if commit:
            number = len(found.person.images)
            commit_only(root, records, f"Withdrawn: {number} photograph{'s' * (number != 1)}; consent is gone")
    start_reevaluation(root, {"batch": "withdrawal", "photographs": -len(found.person.images), "ratings": 0})
    return found


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
    _remove_outs(project.outs_of(found.networks))
    ground = survey(found, root, project)
    for file in ground.files():
        if what := fate(file, person, ground):
            _do(file, person, what)
    _remove_outs(project.pages_after(project.lost(found.networks, person, found.unlike), person))


def _remove_from_store(found: Withdrawal, store: Store) -> None:
    for file in list(_in_store(found, store)):
        file.unlink(missing_ok=True)


def _in_store(found: Withdrawal, store: Store) -> Iterator[Path]:
    """Results with a row of the person, those of networks that saw them, and all that is not finished."""
    for record in sorted(store.root.glob("references/*/*.json")):
        reference = store.recorded(record.parent.name, record.stem)
        file = store.path(reference) if reference else None
        there = file is not None and file.exists()
        if record.parent.name in found.networks or (file and there and in_table(file, found.person)):
            yield record
            if file and there:
                yield file
    yield from store.root.glob("checkpoints/*/*")
    yield from store.root.glob("staging/*")


def _all(outs: Iterable[Path]) -> set[Path]:
    """The files of these outs."""
    return {file for out in outs for file in (files_below([out], ()) if out.is_dir() else [out])}


def _remove_outs(outs: Iterable[Path]) -> None:
    for out in list(outs):
        shutil.rmtree(out) if out.is_dir() else out.unlink(missing_ok=True)


def _do(file: Path, person: Person, what: Fate) -> None:
    """Remove the file, or what in it is the person's."""
    for other in what.beside:  # first: once the page, or its row, is gone, nothing tells that they belong to it
        other.unlink(missing_ok=True)
    for sheet, lines in what.sheets.items():
        command_results.write_without(sheet, lines)
    if what.goes:
        file.unlink()
    elif what.lines:
        command_results.write_without(file, what.lines)
    elif what.cleaned:
        (clean_database if kind_of(file) == "database" else clean_text)(file, person)


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


def _counted(files: Collection[Path], root: Path) -> Counter[str]:
    """How many of the files lie in each place."""
    places: Counter[str] = Counter()
    for file in files:
        parts = file.relative_to(root).parts[:2] if file.is_relative_to(root) else (str(file.parent),)
        places["/".join(parts[: 1 if parts[0] != "data" else 2])] += 1
    return places
