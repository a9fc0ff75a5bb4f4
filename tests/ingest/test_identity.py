"""One person is one person, however typed: in raw folders, across batches, and when a batch is brought."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from flows import PROJECT
from tasks import params
from tasks.ingest.images.inventory import take_inventory
from tasks.ingest.ratings.reading import read_ratings
from tasks.ingest.raw_folders.admission import admit, known
from tasks.ingest.raw_folders.batch import read_batch
from tasks.ingest.tables.raw_layout import Folder
from tasks.params.ingest import IngestImages, IngestRatings
from tests.ingest.test_batch import CORRECT
from tests.stewards import IMAGES, RATINGS, table

KINDS = params.load(IngestImages, "ingest_images", PROJECT / "params.yaml")
SCALES = params.load(IngestRatings, "ingest_ratings", PROJECT / "params.yaml").scales
NFD = unicodedata.normalize("NFD", "Müller")


def take(*folders: Any) -> Any:
    images, refused = take_inventory(folders, settings=KINDS)
    return images, refused.to_pylist()


def pictures(folder: Any, *names: Any) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_a_decomposed_folder_and_a_composed_name_are_one_subject(tmp_path: Path) -> None:
    pictures(tmp_path, f"{NFD}/before.jpg", "second.jpg", "third.jpg")
    lines = ["*/before.jpg,{folder},repaired,t", "second.jpg,Müller,control,t", "third.jpg,eve,control,t"]
    table(tmp_path / "images.csv", IMAGES, lines)
    images, refused = take(Folder(tmp_path, ""))
    assert [row["subject_id"] for row in images.to_pylist()] == ["eve"]
    assert [(row["line"], row["reason"]) for row in refused] == [
        (line, "subject Müller is both control and patient") for line in (2, 3)
    ]


def test_a_later_batch_goes_under_the_first_spelling(tmp_path: Path) -> None:
    raw, batch = tmp_path / "raw", tmp_path / "batch"
    pictures(raw, "a.jpg")
    pictures(batch, "b.jpg")
    table(raw / "images.csv", IMAGES, ["a.jpg,Müller,control,t"])
    table(batch / "images.csv", IMAGES, [f"b.jpg,{NFD.upper()} ,control,t"])
    images, refused = take(Folder(raw, ""), Folder(batch, "batch/"))
    assert not refused
    assert {row["subject_id"] for row in images.to_pylist()} == {"Müller"}


def rated(raw: Any, *lines: Any) -> Any:
    pictures(raw, "1.jpg", "2.jpg", "3.jpg")
    table(raw / "images.csv", IMAGES, ["1.jpg,a,repaired,t", "2.jpg,b,repaired,t", "3.jpg,c,repaired,t"])
    table(raw / "ratings.csv", RATINGS, lines)
    images, _ = take(Folder(raw, ""))
    ratings, references, refused = read_ratings([Folder(raw, "")], images, scales=SCALES)
    return images, ratings, references, refused.to_pylist()


def test_one_rater_in_three_spellings_repeats_herself(tmp_path: Path) -> None:
    names = ("Zoë", unicodedata.normalize("NFD", "Zoë"), "Zoë\u200b", "ZOË")
    _, ratings, _, refused = rated(tmp_path, *(f"{n}.jpg,{name},Lay,cars,{n}" for n in (1, 2) for name in names))
    assert {(row["rater_id"], row["rater_role"], row["scale"]) for row in ratings.to_pylist()} == {
        ("Zoë", "lay", "CARS")
    }
    assert ratings.num_rows == 2
    assert len(refused) == 6
    assert {row["reason"] for row in refused} == {
        "rater Zoë has rated this image before on CARS; the first line counts"
    }


def test_a_rater_with_two_roles_is_named_with_the_lines_and_the_usual_role_counts(tmp_path: Path) -> None:
    _, ratings, _, refused = rated(
        tmp_path, "1.jpg,max,lay,CARS,1", "2.jpg,Max,medical,CARS,2", "3.jpg,max,medical,CARS,3"
    )
    assert {row["rater_role"] for row in ratings.to_pylist()} == {"medical"}
    assert [(row["line"], row["reason"]) for row in refused] == [
        (2, "rater max is lay here and medical in ratings.csv, line 3 and 1 more; a rater has one role")
    ]


@pytest.fixture
def there(tmp_path: Path) -> Any:
    lines = [f"{n}.jpg,surgeon,medical,CARS,{n}" for n in (1, 2, 3)]
    images, ratings, references, _ = rated(tmp_path / "raw", *lines)
    return known(images, ratings, references)


def problems(path: Any, there: Any, new: Any = ()) -> Any:
    found = admit(read_batch(path, settings=KINDS), there, scales=SCALES, inspect=lambda _: None, each=map, new=new)
    return [(row["source"], row["line"], row["reason"]) for row in found.problems], found


def test_a_rater_who_looks_like_a_known_one_is_asked_about(tmp_path: Path, there: Any) -> None:
    path = table(tmp_path / "more.csv", RATINGS, ["1.jpg,surgoen,medical,CARS,2", "2.jpg,surgoen,medical,CARS,2"])
    question = (
        "rater surgoen is new; surgeon has 3 ratings: did you mean surgeon? "
        "If surgoen is somebody else: --new-rater surgoen; in a drop folder, write surgoen into a file new.txt there"
    )
    assert problems(path, there)[0] == [("more.csv", 2, question)]
    assert problems(path, there, ["Surgoen"])[0] == []


def test_a_known_rater_in_another_spelling_is_the_known_one(tmp_path: Path, there: Any) -> None:
    path = table(tmp_path / "more.csv", RATINGS, ["1.jpg,SURGEON\u200b,Medical,Cars,2"])
    told, _ = problems(path, there)
    assert [reason for _, _, reason in told] == [
        f"rater surgeon has rated this photograph before on CARS: it stands already{CORRECT}"
    ]
    path = table(tmp_path / "more.csv", RATINGS, ["1.jpg,Surgeon,medical,realism,2"])
    told, found = problems(path, there)
    assert not told
    assert [row["rater_id"] for row in found.ratings] == ["surgeon"]


def test_two_new_raters_of_a_batch_who_look_alike_are_asked_about(tmp_path: Path, there: Any) -> None:
    path = table(tmp_path / "more.csv", RATINGS, ["1.jpg,helena,lay,CARS,2", "2.jpg,helana,lay,CARS,2"])
    ((_, line, reason),) = problems(path, there)[0]
    assert line == 3
    assert "rater helana is new; helena is new, too: did you mean helena?" in reason


def test_subjects_are_asked_about_and_known_under_any_spelling(tmp_path: Path) -> None:
    raw, new = tmp_path / "raw", tmp_path / "new"
    pictures(raw, "a.jpg", "b.jpg")
    table(raw / "images.csv", IMAGES, ["a.jpg,p07,repaired,t", "b.jpg,Müller,control,t"])
    images, _ = take(Folder(raw, ""))
    ratings, references, _ = read_ratings([Folder(raw, "")], images, scales=SCALES)
    there = known(images, ratings, references)
    pictures(new, "c.jpg", "d.jpg")
    table(new / "images.csv", IMAGES, ["c.jpg,p7,repaired,t", f"d.jpg,{NFD},repaired,t"])
    question = "subject p7 is new; p07 has 1 photograph: did you mean p07? If p7 is somebody else: --new-subject p7"
    question += "; in a drop folder, write p7 into a file new.txt there"
    conflict = "subject Müller would be both control and patient"
    assert [reason for _, _, reason in problems(new, there)[0]] == [question, conflict]
    assert [reason for _, _, reason in problems(new, there, ["p7"])[0]] == [conflict]
