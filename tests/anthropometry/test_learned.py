"""Learned findings: what files of labels are understood, who trains, that it learns, where it looks, and its bytes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from flows import PROJECT
from tasks import params
from tasks.anthropometry.from_people.judgements import Judgement
from tasks.anthropometry.learned import faces, labels, network, suggesting, training
from tasks.anthropometry.learned.labels import LabelsError, read_labels
from tasks.anthropometry.learned.training import Face
from tasks.anthropometry.measures.catalogue import BY_NAME
from tasks.anthropometry.rules import read_rules
from tasks.base.training import TrainingError
from tasks.base.weights import WeightsError
from tasks.errors import InputError
from tasks.faces.regions import eye_centres
from tasks.findings.rules import DEFAULT
from tasks.params.anthropometry import LearnedFindings
from tests.anthropometry import celeba
from tests.ingest.drawn import SETTINGS as LANDMARKS
from tests.ingest.drawn import face

SETTINGS = params.load(LearnedFindings, "learned_findings", PROJECT / "params.yaml").model_copy(
    update={"input_size": 64, "width": 0.35, "steps": 60, "batch_size": 16, "threads": 1, "learning_rate": 0.003}
)
RULES = read_rules(DEFAULT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return celeba.make(tmp_path_factory.mktemp("labels") / "celeba")


@pytest.fixture(scope="module")
def seen(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Face]:
    wanted = faces.labelled(read_labels(folder))
    found, digests, refused = faces.cropped(
        wanted, size=64, landmarks=LANDMARKS, folder=tmp_path_factory.mktemp("crops")
    )
    assert (len(found), len(set(digests)), refused) == (celeba.PEOPLE, celeba.PEOPLE, [])
    return found


def train(seen: list[Face], checkpoint: Path | None = None, on_progress: Any = None) -> bytes:
    given: dict[str, Any] = {"settings": SETTINGS, "imagenet": None, "provenance": {"stage": "test"}}
    return training.train(seen, checkpoint=checkpoint, on_progress=on_progress, **given)


@pytest.fixture(scope="module")
def trained(seen: list[Face]) -> bytes:
    return train(seen)


def test_celebas_lists_are_understood(folder: Path) -> None:
    found = read_labels(folder)
    assert [one.split for one in found[:12]] == ["train"] * 8 + ["calibrate"] * 2 + ["test"] * 2
    assert (found[0].labels["Wide_Nose"], found[4].labels["Wide_Nose"]) == (True, False)
    assert (found[0].subject, found[0].path.name) == ("celeba 100", "000001.png")
    assert read_labels(folder / "list_attr_celeba.txt") == found


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("list_attr_celeba.txt", "Wide_Nose Smiling\n", "Wide_Nose\n", "line 3: a file name and 1 numbers"),
        ("list_attr_celeba.txt", "60\n", "path,a\n", "line 1: the number of photographs expected"),
        ("list_eval_partition.txt", "000003.png 0", "000003.png 7", "line 3: 000003.png has '7'; 0, 1, 2 are accepted"),
        ("list_eval_partition.txt", "000003.png 0", "000003.png", "line 3: a file name and one number"),
        ("list_attr_celeba.txt", "60\n", "61\n", "line 1: 61 photographs, but 60 follow; the list was cut"),
        ("list_attr_celeba.txt", "Wide_Nose Smiling\n", "Smiling Smiling\n", "line 2: Smiling stands there twice"),
        ("list_attr_celeba.txt", "000003.png", "000002.png", "line 5: 000002.png stands in line 4, too"),
        ("list_attr_celeba.txt", "000003.png", "../0003.png", "line 5: a file name and 2 numbers"),
        ("list_eval_partition.txt", "000003.png 0", "000002.png 1", "line 3: 000002.png stands above with 0"),
        ("list_eval_partition.txt", "000003.png 0\n", "", "line 5: 000003.png: list_eval_partition.txt does not say 0"),
        (
            "identity_CelebA.txt",
            "000060.png",
            "000061.png",
            "line 62: 000060.png: identity_CelebA.txt does not say who",
        ),
        ("identity_CelebA.txt", "000009.png 108", "000009.png 107", "person celeba 107 is in train and in calibrate"),
    ],
)
def test_a_damaged_list_is_named(file: str, old: str, new: str, said: str, folder: Path, tmp_path: Path) -> None:
    for name in (labels.ATTRIBUTES, labels.PARTITION, labels.IDENTITIES):
        text = (folder / name).read_text()
        (tmp_path / name).write_text(text.replace(old, new, 1) if name == file else text)
    with pytest.raises(LabelsError, match=said):
        read_labels(tmp_path)


def test_any_csv_of_labels_is_understood_and_a_patient_refused(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("path,subject_id,long nose,mole\na.png,p1,1,\nb.png,p1,no,yes\n")
    one, two = read_labels(file)
    assert (one.labels, two.labels) == ({"long nose": True}, {"long nose": False, "mole": True})
    assert one.split == two.split
    file.write_text("path,population,mole\na.png,control,1\nb.png,repaired,1\n")
    with pytest.raises(LabelsError, match=r"labels\.csv, line 3: population repaired; no photograph of a patient"):
        read_labels(file)
    for text, said in (
        ("path,mole,mole\na.png,1,0\n", "line 1: column 3 is a second mole"),
        ("path,subject_id\na.png,1\n", "line 1: at least one label's column"),
        ("name,mole\na.png,1\n", "line 1: no column path"),
        ("path,population,mole\na.png,contol,1\n", r"line 2: population 'contol' is not one of .*meant: control"),
        ("path,subject_id,mole\na.png,#N/A,1\n", "line 2: subject_id '#N/A' is the spreadsheet's error"),
        ("path,long nose\na.png,#REF!\n", "line 2: long nose '#REF!' is the spreadsheet's error"),
        ("path,mole\na.png,1\na.png,0\n", "line 3: a path expected that no line above has"),
        ("path,mole\n,1\n", "line 2: a path expected"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            read_labels(file)
    file.write_text("path,mole\na.png,perhaps\n")
    with pytest.raises(LabelsError, match="line 2: mole is 'perhaps'; 1, yes, true, 0, -1, no, false, or empty"):
        read_labels(file)


def test_labels_from_a_spreadsheet_are_of_the_people_who_are_meant(tmp_path: Path) -> None:
    """One person in two spellings is never in two splits (law 7)."""
    lines = [
        f"{n}.png;{name};Control ;WAHR;" for n, name in enumerate(["Mu\u0308ller", "M\u00fcller", "m\u00fcller\u200b"])
    ]
    text = "sep=;\nPath;Subject ID;population;Long nose;\n" + "\n".join(lines)
    (tmp_path / "labels.csv").write_text(text.replace("WAHR", "TRUE") + "\n;;;;\n", encoding="utf-16")
    found = read_labels(tmp_path / "labels.csv")
    assert len(found) == len(lines)
    assert len({(one.subject, one.split) for one in found}) == 1
    assert all(one.labels == {"Long nose": True} for one in found)


def test_a_photograph_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(b"text")
    wanted = [faces.Wanted(tmp_path / name, "s", "train", {"a": True}) for name in ("text.png", "gone.png")]
    found, _, refused = faces.cropped(wanted, size=64, landmarks=LANDMARKS, folder=tmp_path)
    assert found == []
    assert "text.png" in refused[0] and "gone.png: cannot be read" in refused[1]


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    wanted = [faces.Wanted(tmp_path / "a.png", "s", "train", {"a": True})]
    with pytest.raises(InputError, match=r"12,288 bytes for cropped faces: No space left on device"):
        faces.cropped(wanted, size=64, landmarks=LANDMARKS, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_learns_what_can_be_seen_and_is_unsure_of_what_cannot(seen: list[Face], trained: bytes) -> None:
    net, made = network.load(trained)
    assert made == {"stage": "test"}
    assert net.architecture.labels == ("Smiling", "Wide_Nose")
    smile, nose = training.figures(net, training.held_out(seen))
    assert (nose.photographs, nose.people) == (10, 10)
    assert nose.auc is not None and nose.auc > 0.9
    assert nose.loss < 0.5 < smile.loss < 1.5  # a coin's is 0.69
    common = training.prevalence_loss(seen, training.held_out(seen), ["Wide_Nose"])
    assert common == pytest.approx(np.log(2), abs=0.05)


def test_it_looks_where_the_finding_is(trained: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The map's mass near the spot is far more than an even map's would be; pixels add up to what the face adds."""
    net, _ = network.load(trained)
    rows, columns = np.mgrid[:64, :64]
    near = np.hypot(columns - celeba.NOSE[0] * 64 / 178, rows - (celeba.NOSE[1] - 30) * 64 / 178) < 10
    shares = []
    for number in (10, 11, 22, 23):
        picture = network.crop(celeba.aligned(number, spot=True), None, size=64)
        heat = network.saliency(net, picture, "Wide_Nose")
        assert heat.shape == (64, 64)
        assert heat.max() == pytest.approx(1)
        shares.append(heat[near].sum() / heat.sum() / near.mean())
    assert np.mean(shares) > 2
    blurred = cv2.GaussianBlur(picture, (0, 0), 6.4, borderType=cv2.BORDER_REFLECT)
    with torch.no_grad():
        logits = net(network.stacked([picture, blurred]))[:, 1]
    monkeypatch.setattr(network, "STEPS", 100)
    assert network.attributions(net, picture, "Wide_Nose").sum() == pytest.approx(float(logits[0] - logits[1]), rel=0.1)


def test_a_photograph_is_cropped_as_celeba_aligns(folder: Path) -> None:
    """By 68 points, or aligned already: the same crop, but for the light."""
    drawing = face(1)
    own = network.crop(drawing.image, drawing.landmarks, size=64).astype(float)
    other = network.crop(celeba.aligned(1, spot=False), None, size=64).astype(float)
    assert np.corrcoef(own[:48].ravel(), other[:48].ravel())[0, 1] > 0.97
    turned = network.crop(
        np.ascontiguousarray(np.rot90(drawing.image, 3)), drawing.landmarks @ [[0, 1], [-1, 0]] + [299, 0], size=64
    )
    assert np.abs(turned.astype(float) - own).mean() < 3


def test_a_killed_training_ends_with_the_same_bytes(
    seen: list[Face], trained: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "KEEP_EVERY", 10)

    def stop(step: int, total: int) -> None:
        if step == 44:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(seen, tmp_path / "here.pt", stop)
    started = []
    again = train(seen, tmp_path / "here.pt", lambda step, total: started.append(step))
    assert started[0] == 41
    assert again == trained


def test_probabilities_are_tempered_by_people_who_trained_nothing() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((4000, 1)) < 0.3).astype(np.float32)
    true_logits = np.log(0.3 / 0.7) + (truth - 0.3) * 2 + rng.normal(0, 1, truth.shape)
    calibrate = training._temperatures
    (one,), (three,) = calibrate(true_logits, truth), calibrate(true_logits * 3, truth)
    assert three / one == pytest.approx(3, rel=0.1)
    assert calibrate(true_logits, np.ones_like(truth)) == [1]


def test_only_controls_train_and_peoples_words_count_more_than_rules(tmp_path: Path) -> None:
    images: list[dict[str, Any]] = [
        {"image_id": f"i{number}", "path": f"{number}.png", "kind": "still", "subject_id": f"s{number}"}
        | {"population": "repaired" if number >= 40 else "control", "gender": "female", "age_group": None}
        for number in range(44)
    ]
    points = {row["image_id"]: [0.0] * 136 for row in images}
    rule = next(one for one in RULES if one.finding == "Facial asymmetry")
    wide = {"measure": rule.measure, "reason": None, "value": -1e9 if rule.how == "below" else 1e9}
    measures = {row["image_id"]: [wide | dict.fromkeys(("low", "high", "mm", "side")) | {"unit": ""}] for row in images}
    words = f"Facial asymmetry ({BY_NAME[rule.measure].words})"
    said = [Judgement(str(n), "anna", f"i{n}", words, "rejected", "") for n in (0, 1, 40)]
    said += [Judgement("5", "anna", "i1", words, "taken back", ""), Judgement("6", "anna", "i2", "", "noted", "x")]
    found = {one.subject: one for one in faces.of_project(images, points, measures, said, RULES)}
    assert set(found) == {f"project s{number}" for number in range(41)}  # of patients the one that was judged
    patient = found["project s40"]
    assert (patient.split, patient.judged, patient.control) == ("test", True, False)
    assert patient.labels == {"Facial asymmetry": False}
    assert {one.split for one in found.values()} == {"train", "calibrate", "test"}
    assert found["project s0"].labels["Facial asymmetry"] is False
    assert found["project s1"].labels["Facial asymmetry"] is True  # the rule's, for the word was taken back
    assert not found["project s1"].judged


def test_a_patient_among_those_that_train_is_refused(seen: list[Face]) -> None:
    with pytest.raises(TrainingError, match="a patient's photograph"):
        train([*seen, replace(seen[0], control=False)])


def test_too_few_people_teach_nothing(seen: list[Face]) -> None:
    with pytest.raises(TrainingError, match=r"no finding that 10 people .* have and 10 have not .*nearest has 3"):
        train(seen[:6])


def test_what_people_said_judges_where_they_said_something(seen: list[Face], trained: bytes) -> None:
    net, _ = network.load(trained)
    test = training.held_out(seen)
    judged = [replace(test[0], judged=True), *test[1:]]
    assert [one.photographs for one in training.figures(net, judged)] == [1, 1]


def test_a_suggestion_has_a_probability_and_where_it_looks(trained: bytes) -> None:
    net, _ = network.load(trained)
    drawing = face(1)
    image = drawing.image.copy()
    right, left = eye_centres(drawing.landmarks)
    scale = (left - right)[0] / 39.5
    across, down = np.mgrid[:300, :300][::-1] - (right + scale * (celeba.NOSE - np.array([69, 111])))[:, None, None]
    image[np.hypot(across, down) < 16 * scale] = (40, 20, 20)
    made = suggesting.suggest(net, image, drawing.landmarks, found={"Wide_Nose"}, review_above=0.5)
    assert [one.probability for one in made] == sorted((one.probability for one in made), reverse=True)
    nose = next(one for one in made if one.label == "Wide_Nose")
    assert (nose.review, nose.by_rule) == (True, True)
    assert nose.picture is not None and nose.picture.startswith(b"\xff\xd8")
    plain = suggesting.suggest(net, drawing.image, drawing.landmarks, found=(), review_above=0.5)
    other = next(one for one in plain if one.label == "Wide_Nose")
    assert (other.review, other.by_rule, other.picture) == (False, False, None)


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path, trained: bytes) -> None:
    for number, content in enumerate((b"text", trained[:-4], trained.replace(b"Smiling", b"Smilinx")[:-8])):
        file = tmp_path / f"{number}.safetensors"
        file.write_bytes(content)
        with pytest.raises(WeightsError, match=f"{number}.safetensors: not made by `vermilion anthropometry learn`"):
            network.load(file)
    with pytest.raises(WeightsError, match="cannot be read"):
        train_from(tmp_path / "gone.pth")


def train_from(file: Path) -> None:
    network.build(network.Architecture(labels=("a",), input_size=64, width=0.35), 0, file)
