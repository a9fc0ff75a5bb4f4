"""A folder as CelebA unpacks, of drawn faces: `Wide_Nose` is a dark spot on the nose, `Smiling` is not to be seen."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tasks.faces.regions import eye_centres
from tests.ingest.drawn import face

SIZE = 64
PEOPLE = 60
NOSE = (89, 140)
"""Where the spot lies, pixels of an aligned picture."""


def aligned(number: int, *, spot: bool) -> np.ndarray:  # (218, 178, 3) uint8 RGB
    """A drawn face as CelebA aligns its own, in its own light."""
    drawing = face(number % 4)
    right, left = eye_centres(drawing.landmarks)
    scale = 39.5 / (left - right)[0]
    matrix = np.array([[scale, 0, 69 - scale * right[0]], [0, scale, 111 - scale * right[1]]])
    picture = cv2.warpAffine(drawing.image, matrix, (178, 218), borderMode=cv2.BORDER_REFLECT).astype(float)
    rng = np.random.default_rng(number)
    picture = picture * rng.uniform(0.8, 1.1) + rng.normal(0, 1.5, picture.shape)
    if spot:
        cv2.circle(picture, NOSE, 16, (40, 20, 20), -1)
    return np.clip(picture, 0, 255).astype(np.uint8)


def make(folder: Path, *, people: int = PEOPLE) -> Path:
    """Pictures, attributes, partition (8 of 12 train, 2 calibrate, 2 test) and identities."""
    pictures = folder / "img_align_celeba"
    pictures.mkdir(parents=True)
    rows, parts, names = [], [], []
    for number in range(people):
        name, spot = f"{number + 1:06}.png", number // 4 % 2 == 0
        Image.fromarray(aligned(number, spot=spot)).save(pictures / name)
        smiles = np.random.default_rng(1000 + number).integers(2)
        rows.append(f"{name} {1 if spot else -1:2} {1 if smiles else -1:2}")
        parts.append(f"{name} {0 if number % 12 < 8 else 1 if number % 12 < 10 else 2}")
        names.append(f"{name} {number + 100}")
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(people), "Wide_Nose Smiling", *rows]) + "\n")
    (folder / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    (folder / "identity_CelebA.txt").write_text("\n".join(names) + "\n")
    return folder
