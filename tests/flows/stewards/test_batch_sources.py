"""Consent is gone: the folders that batches were added from and sheets that show them are named."""

from pathlib import Path
from typing import Any

from flows.buckets.store import STORE
from flows.photographs import sheets
from flows.stewards.batches import corrections
from flows.stewards.outside_folders.batch_sources import KEYS, RECORD, sources
from flows.stewards.traces.in_files import traces
from flows.stewards.withdrawal import what_is_left, who_is_meant, withdrawing
from flows.stewards.withdrawal.prefect_servers import Reached
from tasks.store.artifacts import Store
from tests.project import run
from tests.stewards import RATINGS, batch, table
from tests.withdrawals import add, withdraw


def told_of(root: Path, **options: Any) -> list[str]:
    """What the first command says of s3."""
    told: list[str] = []
    found = who_is_meant.find("s3", root, also=options.get("also", ()))
    withdrawing.show(found, root, Store(root / STORE), told.append)
    return told


def test_the_folder_of_a_batch_is_named_with_what_it_still_has(root: Path, tmp_path: Path) -> None:
    new = batch(tmp_path / "s3 new")
    added, _ = add(new, root)
    more = table(tmp_path / "tables/more.csv", RATINGS, [f"{added.batch}/p3.png,lay_2,lay,CARS,3"])
    add(more, root)
    later = table(tmp_path / "later/later.csv", RATINGS, ["first.png,surgeon,medical,CARS,3"])
    corrections.correct(later, root, dry_run=False, commit=True, tell=lambda _: None)
    assert sources(root, ()) == [later.parent, new, more.parent]
    said = f"{new}, from which a batch was added: it still has 1 file with a photograph of the person"
    assert f"  {said}; delete files and lines there, or call with --also '{new}'" in told_of(root)
    assert not [line for line in told_of(root, also=(new,)) if f"{new}, from which" in line]
    found, _ = withdraw("s3", root)
    lines = list(what_is_left.elsewhere(root, found, Reached()))
    assert f"  {said}; delete files and lines there" in lines
    assert any(line.startswith(f"  {more.parent}, from which a batch was added: tables there may") for line in lines)
    assert any("that batches were added from on other machines" in line for line in lines)
    assert (new / "p3.png").exists()
    assert traces(root / RECORD, found.person) is None
    assert not run(root, "git", "ls-files", "--others", "--exclude-standard", str(RECORD)).stdout


def test_blinded_sheets_that_show_the_person_are_named(root: Path, tmp_path: Path) -> None:
    assert KEYS == sheets.KEYS
    add(batch(tmp_path / "new"), root)
    image = who_is_meant.find("s3", root, also=()).person.images[0]
    header = ("sheet", "image_id")
    table(root / KEYS / "sheet-1.csv", header, [f"sheet-1,{image}", f"sheet-1,{'b' * 64}"])
    table(root / KEYS / "sheet-2.csv", header, [f"sheet-2,{'b' * 64}"])
    found, _ = withdraw("s3", root)
    assert found.sheets == ("sheet-1",)
    said = "  blinded sheets that show the person without a name: sheet-1; whoever has one deletes it"
    assert said in list(what_is_left.elsewhere(root, found, Reached()))
    assert image not in (root / KEYS / "sheet-1.csv").read_text()


def test_a_rejected_batch_leaves_no_record(root: Path, tmp_path: Path) -> None:
    new = batch(tmp_path / "new")
    (new / "ratings.csv").write_text("nothing")
    add(new, root)
    assert not (root / RECORD).exists()


def test_a_damaged_record_is_none(root: Path) -> None:
    (root / RECORD).parent.mkdir(parents=True, exist_ok=True)
    (root / RECORD).write_text("{")
    assert sources(root, ()) == []
