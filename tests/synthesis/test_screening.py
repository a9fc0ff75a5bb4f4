"""Screening: planted faults are found, faces without one are let through, and every flag has its reason in words."""

from functools import cache
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tasks import params
from tasks.base import images, runtime
from tasks.params.synthesis import SynthesisScreen
from tasks.phantoms.identity import identity
from tasks.phantoms.motion import FRONTAL
from tasks.phantoms.render import Drawing, render
from tasks.phantoms.shape import NEUTRAL, Cleft
from tasks.schemas.synthesis import FLAGS
from tasks.synthesis.gate import screening
from tasks.synthesis.gate.artefacts import eye_cover, text_strength, typology_angle
from tests.synthesis.planting import FAULTS, text

DEMO = params.load(SynthesisScreen, "synthesis_screen")
SETTINGS = DEMO.model_copy(update={"min_sharpness": 0.27})
"""The demo's, but for blur: its stand-in draws pictures as soft as planted blur (bench/screening.py)."""
FACES = 20
LIGHT, DARK = 0.25, 0.7
"""Skin tones of drawn faces, 0 .. 1, that are surely light and surely dark."""
SMALL = 64
"""The demo's pictures. Writing and turned heads are not asked for there: too few pixels (bench/screening.py)."""


@cache
def face(number: int, size: int = 256) -> Drawing:
    cleft = Cleft(0.7 if number % 2 else 0.0, "left")
    return render(identity(10**11 + number), size=size, expression=NEUTRAL, pose=FRONTAL, cleft=cleft, frame=0)


def tone(number: int) -> float:
    return identity(10**11 + number).complexion.tone


def screened(picture: np.ndarray, *, person: str = "person", skin_tone: str = "any") -> dict[str, Any]:
    return screening.screen(picture, person=person, skin_tone=skin_tone, settings=SETTINGS, model="dlib")


@cache
def clean_flags(size: int) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(screened(face(number, size).image)["flags"]) for number in range(FACES))


@cache
def caught(name: str, size: int) -> float:
    """Share of the pictures with the fault in which one of its flags was raised."""
    fault, flags = FAULTS[name]
    found = 0
    for number in range(FACES):
        drawing = face(number, size)
        rng = np.random.default_rng(runtime.seed_of("planted", name, number) % 2**32)
        found += not set(flags).isdisjoint(screened(fault(drawing.image, drawing.landmarks, rng))["flags"])
    return found / FACES


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found_and_faces_without_them_let_through(name: Any) -> None:
    flags = set(FAULTS[name][1])
    assert caught(name, 256) >= 0.9
    assert sum(bool(flags & raised) for raised in clean_flags(256)) <= 0.05 * FACES


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"text", "watermark", "turned"}))
def test_faults_are_found_in_the_demos_small_pictures(name: Any) -> None:
    assert caught(name, SMALL) >= 0.9


def test_the_demos_small_pictures_without_faults_are_let_through() -> None:
    assert sum(bool(raised) for raised in clean_flags(SMALL)) <= 0.05 * FACES


@pytest.mark.parametrize("size", [SMALL, 256])
def test_a_skin_tone_that_contradicts_the_prompt_is_flagged_and_one_that_fits_is_not(size: Any) -> None:
    far = [n for n in range(FACES) if not LIGHT < tone(n) < DARK]
    assert len(far) > 6
    for number in far:
        picture, (own, other) = face(number, size).image, (("pale", "dark") if tone(number) < 0.5 else ("dark", "pale"))
        assert "skin_tone" not in screened(picture, skin_tone=own)["flags"]
        wrong = screened(picture, skin_tone=other)
        assert "skin_tone" in wrong["flags"] and f"{other} asked for" in wrong["reason"]


def test_the_skins_angle_follows_the_drawn_tone() -> None:
    angles = [typology_angle(face(number).image, face(number).landmarks) for number in range(FACES)]
    assert np.corrcoef(angles, [tone(number) for number in range(FACES)])[0, 1] < -0.95


def test_only_a_clear_contradiction_of_age_is_flagged() -> None:
    """No drawn face is refused as a child or an adult; eyes as wide as a newborn's are no man's, slits no baby's."""
    points = face(0).landmarks
    wide, narrow = (_with_eyes(points, share) for share in (0.13, 0.02))
    assert screening.eye_ratio(wide) == pytest.approx(0.13) and screening.eye_ratio(narrow) == pytest.approx(0.02)
    said = {
        (person, n): [flag for flag, _ in screening._not_as_asked(0, screening.eye_ratio(p), person, "any", SETTINGS)]
        for person in ("man", "baby", "person")
        for n, p in enumerate((wide, narrow))
    }
    assert said.pop(("man", 0)) == said.pop(("baby", 1)) == ["age"]
    assert not any(said.values())
    for number in range(8):
        person = "girl" if identity(10**11 + number).child > 0.3 else "woman"
        assert "age" not in screened(face(number).image, person=person)["flags"]


def _with_eyes(points: np.ndarray, share: float) -> np.ndarray:
    points = points.copy()
    high = share * np.linalg.norm(points[17:27].mean(axis=0) - points[8])
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46)):
        points[lower] = points[upper] + (0, high)
    return points


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_bar_of_any_shade_covers_the_eyes_on_dark_and_light_skin(grey: int) -> None:
    for number in (min(range(FACES), key=tone), max(range(FACES), key=tone)):
        drawing = face(number)
        picture, eyes = drawing.image.copy(), drawing.landmarks[36:48]
        middle, apart = eyes[:, 1].mean(), np.ptp(eyes[:, 0])
        low, high = int(eyes[:, 0].min() - 0.2 * apart), int(eyes[:, 0].max() + 0.2 * apart)
        picture[int(middle - 0.17 * apart) : int(middle + 0.17 * apart), low:high] = grey
        assert (
            eye_cover(picture, drawing.landmarks) > SETTINGS.max_eye_cover > eye_cover(drawing.image, drawing.landmarks)
        )


def test_writing_counts_by_its_letters_and_is_seen_without_a_face() -> None:
    wall = np.full((512, 512, 3), 200, np.uint8)
    strengths = []
    for word in ("", "AB", "SAMPLE", "SAMPLE NOT FOR SALE"):
        picture = cv2.putText(wall.copy(), word, (20, 250), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (90, 90, 90), 2, cv2.LINE_AA)
        strengths.append(text_strength(picture, None))
    assert strengths == sorted(strengths) and strengths[0] == 0 and strengths[1] <= 0.25 and strengths[3] == 1
    assert screened(wall)["flags"] == ["no_face"]


def test_a_face_beside_the_middle_is_frontal_and_in_the_frame() -> None:
    drawing = face(2)
    wide = np.full((256, 512, 3), drawing.image[4, 4], np.uint8)
    wide[:, :256] = drawing.image
    row = screened(wide)
    assert abs(row["yaw"]) < 6 and "not_frontal" not in row["flags"] and row["inside"] == 1


def test_the_demos_limit_of_blur_lets_the_stand_ins_softness_through() -> None:
    """Its pictures of 64 pixels are as soft as a drawn face blurred by one: the demo hardly screens for blur."""
    for number in range(4):
        soft = cv2.GaussianBlur(face(number, SMALL).image, (0, 0), 1.0)
        own = screening.screen(soft, person="person", skin_tone="any", settings=DEMO, model="dlib")
        assert own["flags"] == [] and screened(soft)["flags"] == ["blurred"]


def test_every_fault_of_a_picture_is_flagged_with_its_reason() -> None:
    drawing, rng = face(4), np.random.default_rng(3)
    spoilt = FAULTS["bar over the eyes"][0](drawing.image, drawing.landmarks, rng)
    spoilt = text(FAULTS["blurred"][0](spoilt, drawing.landmarks, rng), drawing.landmarks, rng)
    row = screened(spoilt)
    assert {"eyes_covered", "text", "blurred"} <= set(row["flags"])
    assert row["flags"] == [flag for flag in FLAGS if flag in row["flags"]]
    assert len(row["reason"].split("; ")) == len(row["flags"])


def test_the_table_passes_reasons_through_and_refuses_what_cannot_be_read() -> None:
    good = images.encode_png(face(1).image)
    cases = [(good, None), (None, "not drawn: out of memory"), (b"no picture", None)]
    drawn = [
        {"image_id": str(n), "condition": "pre", "picture": picture, "reason": reason}
        for n, (picture, reason) in enumerate(cases)
    ]
    asked = [{"image_id": str(n), "person": "kid", "skin_tone": "any"} for n in range(5)]
    table = screening.screen_pictures(
        pa.Table.from_pylist(drawn), pa.Table.from_pylist(asked), settings=SETTINGS, model="dlib"
    )
    rows = table.to_pylist()
    assert rows[0]["reason"] is None and rows[0]["flags"] == [] and rows[0]["faces"] == 1
    assert rows[1]["reason"] == "not drawn: out of memory" and rows[1]["faces"] == 0
    assert "not a picture" in rows[2]["reason"] and rows[2]["sharpness"] is None and rows[2]["flags"] == []
    again = screening.screen_pictures(
        pa.Table.from_pylist(drawn), pa.Table.from_pylist(asked), settings=SETTINGS, model="dlib"
    )
    assert again.equals(table)
