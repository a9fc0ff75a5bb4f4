"""Whether the synthesis' gate catches a copy of a training photograph, whatever was done to it.

`python -m bench.copies [--faces N] [--real FOLDER] [--tiny]`: N drawn faces a size, and photographs of
FOLDER/london/neutral. Each is planted among the generated pictures as it is, mirrored, recoloured, cropped, blurred,
and all of that at once. Caught by its face: the recognition network takes both for one person (FIR); by its likeness:
the picture repeats the photograph (gate/likeness.py); together: quarantined. Held back wrongly: faces of other people,
against as many photographs. Limits of params.yaml; on photographs dlib's own distance of 0.6.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa

from bench.screening import Job, picture_of
from flows import PROJECT
from tasks import params
from tasks.base.images import encode_png
from tasks.params.synthesis import SynthesisIdentity
from tasks.schemas.synthesis import EMBEDDINGS, GENERATED
from tasks.synthesis.gate.identity import compare, embed_generated

SIZES = (64, 256)
PHOTOGRAPHS, PHOTOGRAPH_SIDE = 40, 512
ON_PHOTOGRAPHS = {"dlib_distance": 0.6}

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def mirrored(picture: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """Left for right."""
    return np.ascontiguousarray(picture[:, ::-1])


def recoloured(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Channels mixed by up to .18, brightness .85 to 1.1, gamma .75 to 1.3."""
    mix = np.eye(3) + rng.uniform(-0.18, 0.18, (3, 3))
    light, gamma = rng.uniform(0.85, 1.1), rng.uniform(0.75, 1.3)
    mixed = (picture / 255.0 @ mix.T * light).clip(0, 1) ** gamma
    return np.asarray((255 * mixed).astype(np.uint8))


def cropped(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """.75 to .9 of the picture, from anywhere in height, enlarged to its size."""
    side = picture.shape[0]
    kept = int(side * rng.uniform(0.75, 0.9))
    top, left = (int(rng.uniform(*range_) * (side - kept)) for range_ in ((0, 1), (0.3, 0.7)))
    part = picture[top : top + kept, left : left + kept]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_CUBIC))


def blurred(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A Gaussian of .008 to .02 of the picture's side."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), picture.shape[0] * rng.uniform(0.008, 0.02)))


def everything(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All of it."""
    for change in (mirrored, recoloured, cropped, blurred):
        picture = change(picture, rng)
    return picture


CHANGES: dict[str, Change] = {
    "as it is": lambda picture, _: picture,
    **{change.__name__: change for change in (mirrored, recoloured, cropped, blurred)},
    "all of that": everything,
}


def held(pictures: list[np.ndarray], settings: SynthesisIdentity) -> pd.DataFrame:
    """The identity table of every change to every picture, and of the pictures among each other."""
    own = _embedded({f"p{n:03d}": picture for n, picture in enumerate(pictures)}, settings).to_pylist()
    changed = {
        f"{name}|{n:03d}": change(picture, np.random.default_rng([n, 3]))
        for n, picture in enumerate(pictures)
        for name, change in CHANGES.items()
    }
    planted = _embedded(changed, settings)
    real = [row | {"origin": "real", "split": "train", "subject_id": row["image_id"]} for row in own]
    found = [compare(pa.concat_tables([EMBEDDINGS.table(real), planted]), settings=settings)]
    for row in own:  # against everybody else
        others = EMBEDDINGS.table([one for one in real if one["image_id"] != row["image_id"]])
        lone = EMBEDDINGS.table([row | {"image_id": f"(somebody else)|{row['image_id']}"}])
        found.append(compare(pa.concat_tables([others, lone]), settings=settings))
    table: pd.DataFrame = pa.concat_tables(found).to_pandas()
    return table


def _embedded(pictures: dict[str, np.ndarray], settings: SynthesisIdentity) -> pa.Table:
    rows = [
        {"image_id": name, "condition": "pre", "number": number, "clip_over": 0, "t5_over": 0}
        | {"picture": encode_png(picture), "reason": None}
        for number, (name, picture) in enumerate(pictures.items())
    ]
    return embed_generated(
        GENERATED.table(rows), settings=settings, weights=str(PROJECT / "data/weights"), model="dlib"
    )


def table(source: str, found: pd.DataFrame) -> pd.DataFrame:
    """Shares held back, by change."""
    found = found.assign(planted=found["image_id"].str.split("|").str[0])
    order = [*CHANGES, "(somebody else)"]
    rows = [
        {
            "from": source, "planted": name, "pictures": len(own), "no face": own["pairs"].eq(0).mean(),
            "by its face": own["matches"].gt(0).mean(), "by its likeness": own["repeats"].mean(),
            "together": own["quarantined"].mean(), "likeness, least": own["likeness"].min(),
            "most": own["likeness"].max(),
        }
        for name in order if len(own := found[found["planted"] == name])
    ]  # fmt: skip
    return pd.DataFrame(rows)


def main(given: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=100, help="drawn faces a size")
    parser.add_argument("--real", type=Path, help="folder that holds london/neutral")
    parser.add_argument("--tiny", action="store_true", help="three drawn faces of 64 pixels")
    options = parser.parse_args(given)
    settings = params.load(SynthesisIdentity, "synthesis_identity", PROJECT / "params.yaml")
    for side in SIZES[:1] if options.tiny else SIZES:
        faces = [picture_of(Job(number, side)) for number in range(3 if options.tiny else options.faces)]
        _show(f"drawn, {side} px", held(faces, settings))
    if options.real:
        files = sorted((options.real / "london" / "neutral").glob("*.jpg"))[:PHOTOGRAPHS]
        faces = [picture_of(Job(file, PHOTOGRAPH_SIDE)) for file in files]
        _show(f"photographs, {PHOTOGRAPH_SIDE} px", held(faces, settings.model_copy(update=ON_PHOTOGRAPHS)))


def _show(source: str, found: pd.DataFrame) -> None:
    print(table(source, found).round(3).to_string(index=False, na_rep=""), flush=True)


if __name__ == "__main__":
    main()
