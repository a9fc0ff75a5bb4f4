"""bench/inpainting.py --bound, in a project that has run: how near could any filling come that cannot see the mouth?

In: drawn patients before repair and the truth (the table `after`). Each is drawn again and again without the cleft, as
the same person in the same light and pose, with nose, mouth, redness of the lips and expression of other children:
what the mask hides and nothing else tells. The mean of these pictures has the least squared error that a guess can
have in the mean, and it knows more than a network does: every number of the drawing but the hidden ones. The best
single network can only be worse. Intervals are by person.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from bench.inpainting_cleft import said
from tasks import params
from tasks.base import images, tables
from tasks.ingest.faces.resampling import resample
from tasks.inpainting.nearness import psnr
from tasks.params.phantoms import PhantomsDraw
from tasks.params.running import Data
from tasks.phantoms.dataset import unrepaired_stills
from tasks.phantoms.files import Still, moment
from tasks.phantoms.identity import Identity
from tasks.phantoms.render import render
from tasks.phantoms.shape import NO_CLEFT, Expression
from tasks.schemas.ingest import IMAGES
from tasks.schemas.inpainting import AFTER, FILLINGS

OTHERS = 2000
"""What is added to the demo's seed for the children whose mouths are borrowed."""


def measure(*, guesses: int, photographs: int | None = None) -> str:
    """Lines to print: `guesses` drawings per photograph, of the first `photographs` or of all."""
    demo = params.load(PhantomsDraw, "phantoms_draw")
    own = {still.path: still for still in unrepaired_stills(demo)}
    many = demo.model_copy(update={"seed": demo.seed + OTHERS, "unrepaired_subjects": guesses})
    borrowed = [moment(still)[:2] for still in unrepaired_stills(many) if still.number == 0]
    known = {row["image_id"]: row["picture"] for row in tables.read(Path("data/inpainting/after"), AFTER).to_pylist()}
    places = {row["image_id"]: row["path"] for row in tables.read(Path("data/ingest/images"), IMAGES).to_pylist()}
    raw = params.load(Data, "data").raw
    subjects: list[str] = []
    rows: list[list[float]] = []
    for row in tables.read(Path("data/inpainting/fillings"), FILLINGS).to_pylist():
        if row["proposal"] or row["reason"] is not None or row["image_id"] not in known or len(rows) == photographs:
            continue
        still = own[str(Path(places[row["image_id"]]).relative_to(raw))]
        photograph, filled, mask = (images.decode_png(row[name]) for name in ("photograph", "filled", "mask"))
        truth, hidden = images.decode_png(known[row["image_id"]]), mask[..., 0] > 0
        guess = best_guess(still, borrowed, np.reshape(row["to_original"], (2, 3)), len(photograph))
        rows.append([psnr(truth[hidden], picture[hidden]) for picture in (photograph, filled, guess)])
        subjects.append(row["subject_id"])
    return report(np.array(rows), subjects, guesses)


def best_guess(
    still: Still, borrowed: list[tuple[Identity, Expression]], to_original: np.ndarray, side: int
) -> np.ndarray:
    """(side, side, 3) float grey levels: the mean of the person drawn with each of the borrowed mouths and noses."""
    person, _, pose = moment(still)
    total = np.zeros((side, side, 3))
    for other, expression in borrowed:
        drawn = render(
            with_mouth_of(person, other),
            size=still.size,
            expression=expression,
            pose=pose,
            cleft=NO_CLEFT,
            frame=still.number,
        )
        total += resample(drawn.image, to_original, (side, side), enlarging=cv2.INTER_CUBIC)
    return total / len(borrowed)


def with_mouth_of(person: Identity, other: Identity) -> Identity:
    """The person, with what a mask over lips and nose hides as another has it."""
    return replace(
        person,
        nose=other.nose,
        mouth=other.mouth,
        complexion=replace(person.complexion, lip_redness=other.complexion.lip_redness),
        asymmetry=replace(
            person.asymmetry,
            nose=other.asymmetry.nose,
            mouth_shift=other.asymmetry.mouth_shift,
            mouth_tilt=other.asymmetry.mouth_tilt,
        ),
    )


def report(found: np.ndarray, subjects: list[str], guesses: int) -> str:
    """Lines of (n, 3) decibels: photograph, filling, best guess."""
    lines = [f"{len(found)} photographs of {len(set(subjects))} patients; PSNR under the mask against the truth, dB"]
    titles = ("photograph", "filling", f"mean of {guesses} drawings that know all but the mouth")
    lines += [f"  {title:52} {said(found[:, place], subjects, '.2f')}" for place, title in enumerate(titles)]
    gains = ((1, "filling above the photograph"), (2, "that mean above the photograph"))
    lines += [f"  {title:52} {said(found[:, place] - found[:, 0], subjects, '.2f')}" for place, title in gains]
    return "\n".join(lines)
