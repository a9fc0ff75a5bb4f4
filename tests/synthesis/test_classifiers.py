"""Trained on generated pictures alone, tested on photographs of other people; the flagged do not train."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.base import images, runtime
from tasks.params.synthesis import SynthesisClassify
from tasks.schemas.synthesis import CLASSIFIED, IDENTITY, SCREENED
from tasks.synthesis.latents import decode, encode, vae_of
from tasks.synthesis.measures import classifiers, linear
from tasks.synthesis.measures.classifiers import Faces, Seen, classify, split
from tasks.synthesis.measures.fidelity import square
from tasks.synthesis.measures.views import crop, plain, spoilt
from tests.synthesis.drawn_faces import face, generated, photographs

SETTINGS = SynthesisClassify(
    seed=1, threads=1, network="mobilenet_v2", penalty=1e5, softened=False,
    input_size=32, width=0.25, initial_weights="random", region="face", steps=4, batch_size=8,
    learning_rate=0.02, validation=0.25,
)  # fmt: skip
NO_BASE = Path("/nowhere/base.json")
DRAWN = {f"{c} {n}": (c, face(100 + n, c, 96)) for c in ("pre", "post") for n in range(6)}


def tables_of(names: list[str], flagged: tuple[str, ...] = ()) -> tuple[pa.Table, pa.Table]:
    who = [{"image_id": name, "condition": name.split()[0]} for name in names]
    screened = [one | {"faces": 1, "flags": ["text"] if one["image_id"] in flagged else []} for one in who]
    return SCREENED.table(screened), IDENTITY.table(
        one | {"matches": 0, "pairs": 1, "repeats": False, "quarantined": False} for one in who
    )


def answers(
    folder: Path,
    flagged: tuple[str, ...] = (),
    *,
    tests: bool = True,
    settings: SynthesisClassify = SETTINGS,
    base: Path = NO_BASE,
) -> pa.Table:
    people = {
        f"{c}-{n}": (c, "test" if n < 2 and tests else "train", n) for c in ("pre", "post", "control") for n in range(5)
    }
    images, captions = photographs(folder, people)
    landmarks = pa.table({"image_id": list(people), "points": pa.nulls(len(people), pa.list_(pa.float64()))})
    drawn = [generated({n: v for n, v in DRAWN.items() if v[0] == c}) for c in ("pre", "post")]
    shown = (*drawn, images, landmarks, captions, *tables_of(list(DRAWN), flagged))
    return classify(*shown, base=base, side=96, settings=settings, model="dlib", weights="/nowhere")


def test_held_out_photographs_are_answered_and_nobody_else(tmp_path: Path) -> None:
    rows = answers(tmp_path)
    CLASSIFIED.check_whole(rows)
    found = {(row["task"], row["image_id"]): row["truth"] for row in rows.to_pylist()}
    wanted = {("lip_anomaly", f"post-{n}"): 1 for n in range(2)} | {
        ("lip_anomaly", f"control-{n}"): 0 for n in range(2)
    }
    wanted |= {("pre_post", f"post-{n}"): 1 for n in range(2)} | {("pre_post", f"pre-{n}"): 0 for n in range(2)}
    wanted |= {("unrepaired", f"pre-{n}"): 1 for n in range(2)} | {("unrepaired", f"control-{n}"): 0 for n in range(2)}
    assert found == wanted
    assert rows.equals(answers(tmp_path))


def test_flagged_pictures_do_not_train(tmp_path: Path) -> None:
    every = tuple(name for name in DRAWN if name.startswith("post"))
    assert set(answers(tmp_path, flagged=every)["task"].to_pylist()) == {"unrepaired"}
    assert not answers(tmp_path, flagged=every[:3]).equals(answers(tmp_path))


def test_without_held_out_people_there_are_no_answers(tmp_path: Path) -> None:
    assert answers(tmp_path, tests=False).num_rows == 0


def test_subjects_are_whole_in_training_or_validation() -> None:
    own = [Seen(f"{s}{n}", f"s{s}", np.zeros((4, 4, 3), np.uint8)) for s in range(8) for n in range(3)]
    train, kept = split(own, share=0.25, seed=1)
    assert len({one.subject for one in kept}) == 2 and len(train) + len(kept) == 24
    assert not {one.subject for one in train} & {one.subject for one in kept}
    assert split(own[:3], share=0.5, seed=1)[1] == []


def test_photographs_and_generated_pictures_are_seen_alike() -> None:
    """One face, large as a photograph and at the generated size: nearly the same crop comes out."""
    large, small = face(3, "post", 320), face(3, "post", 96)
    a, b = (crop(one, None, side=96, region="face", size=48, model="dlib") for one in (large, small))
    assert a is not None and b is not None and a.shape == (48, 48, 3)
    other = crop(face(4, "post", 320), None, side=96, region="face", size=48, model="dlib")
    assert other is not None
    seen, again, else_ = (plain(one).astype(float) for one in (a, b, other))
    assert np.abs(seen - again).mean() < 0.25 * np.abs(seen - else_).mean()
    mouth = crop(large, None, side=96, region="mouth", size=48, model="dlib")
    assert mouth is not None and np.abs(mouth.astype(float) - a.astype(float)).mean() > 15
    assert crop(np.full((96, 96, 3), 90, np.uint8), None, side=96, region="face", size=48, model="dlib") is None


def test_a_face_that_is_not_found_is_where_its_points_say() -> None:
    picture = np.full((80, 120, 3), 90, np.uint8)
    picture[30:50, 50:70] = 200  # its middle at 59.5, 39.5
    points = np.tile([[50.0, 30.0], [69.0, 49.0]], (34, 1))
    seen = crop(picture, points, side=80, region="face", size=32, model="dlib")
    assert seen is not None
    rows, columns = np.nonzero(seen[:, :, 0] > 145)
    assert abs(rows.mean() - 15.5) < 1 and abs(columns.mean() - 15.5) < 1 and len(rows) > 500


def test_a_framed_photograph_is_seen_as_the_adapters_saw_it(tmp_path: Path) -> None:
    picture = np.full((80, 120, 3), 90, np.uint8)
    picture[30:50, 50:70] = 200
    (tmp_path / "p").write_bytes(images.encode_png(picture))
    points, frame = [50.0, 30.0, 69.0, 49.0] * 34, [40.0, 20.0, 40.0]
    row = {"image_id": "p", "subject_id": "s", "condition": "pre", "split": "test"}
    (seen,) = Faces({"p": str(tmp_path / "p")}, {"p": points}, {"p": frame}, 40, SETTINGS, "dlib", NO_BASE).real(
        [row], "pre", "test"
    )
    moved = np.reshape(points, (68, 2)) - frame[:2]
    wanted = crop(picture[20:60, 40:80], moved, side=40, region="face", size=32, model="dlib")
    assert wanted is not None and np.array_equal(seen.picture, wanted)


def test_spoiling_is_by_the_generator_alone() -> None:
    picture = face(3, "post", 48)
    first, again, other = (spoilt(picture, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other) and first.shape == picture.shape


@pytest.mark.long
def test_what_marks_a_class_is_learnt() -> None:
    """Mouths before and after repair, many people: others' photographs are told apart."""
    settings = SETTINGS.model_copy(update={"steps": 200, "input_size": 48, "width": 0.35, "region": "mouth"})
    groups = []
    for condition in ("pre", "post"):
        seen = [
            crop(face(seed, condition, 128), None, side=128, region="mouth", size=48, model="dlib")
            for seed in range(60)
        ]
        groups.append([Seen(str(n), str(n), one) for n, one in enumerate(seen) if one is not None])
    with runtime.settled(threads=1, seed=1):
        network = classifiers.fit("pre_post", [own[:45] for own in groups], settings=settings, folder=Path("/nowhere"))
        right = [classifiers.probabilities(network, own[45:]) > 0.5 for own in groups]
    assert np.mean([1 - right[0].mean(), right[1].mean()]) > 0.8


def test_pixels_alone_tell_an_open_cleft_from_none_whatever_the_skin() -> None:
    """No network: others' mouths are told apart, in either mirror image alike."""
    groups = []
    for condition in ("control", "pre"):
        seen = [
            crop(face(seed, condition, 128), None, side=128, region="mouth", size=32, model="dlib")
            for seed in range(60)
        ]
        groups.append([one for one in seen if one is not None])
    model = linear.fit([own[:45] for own in groups], penalty=1e5)
    told = [linear.probabilities(model, own[45:]) for own in groups]
    assert np.mean([(told[0] < 0.5).mean(), (told[1] > 0.5).mean()]) > 0.8
    mirrored = linear.probabilities(model, [one[:, ::-1] for one in groups[1][45:]])
    assert np.allclose(mirrored, told[1])
    assert linear.probabilities(model, []).shape == (0,)


def test_softened_photographs_have_been_through_the_autoencoder(tmp_path: Path, base: Path) -> None:
    """What the classifier sees of a photograph is what the codec leaves of it, in the same place."""
    (tmp_path / "p").write_bytes(images.encode_png(face(3, "pre", 128)))
    row = {"image_id": "p", "subject_id": "s", "condition": "pre", "split": "test"}
    found = crop(face(3, "pre", 128), None, side=32, region="mouth", size=32, model="dlib")
    points = [0.0] * 136  # where no face is found in what the codec leaves, these say where it is
    points[96:] = [50.0, 70.0, 80.0, 84.0] * 10
    settings = SETTINGS.model_copy(update={"softened": True, "region": "mouth"})
    (seen,) = Faces({"p": str(tmp_path / "p")}, {"p": points}, {}, 32, settings, "dlib", base).real(
        [row], "pre", "test"
    )
    small = square(face(3, "pre", 128), 32)
    network = vae_of(base, tiling=False)
    soft = decode(network, encode(network, small)[None])[0]
    wanted = crop(soft, np.reshape(points, (68, 2)) / 4 - 0.375, side=32, region="mouth", size=32, model="dlib")
    assert wanted is not None and np.array_equal(seen.picture, wanted)
    assert found is None or not np.array_equal(seen.picture, found)


def test_with_pixels_the_same_photographs_are_answered(tmp_path: Path, base: Path) -> None:
    settings = SETTINGS.model_copy(update={"network": "pixels", "softened": True, "region": "mouth"})
    rows = answers(tmp_path, settings=settings, base=base)
    CLASSIFIED.check_whole(rows)
    assert set(rows["task"].to_pylist()) == {"unrepaired", "lip_anomaly", "pre_post"}
    assert rows.equals(answers(tmp_path, settings=settings, base=base))
