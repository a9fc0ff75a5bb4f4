"""How far anomaly scores can follow a drawn severity, and what the inversion's loss and space do to it.

`python -m bench.anomaly` after `make demo`: |Spearman's rho| of S (mouth and nose, base) with the drawn severity of the
demo's repaired faces, held against (1) the same drawn face without a cleft, which no generator can beat; (2) the
nearest face that the demo's generator draws, found with several losses and in w+. About five minutes on two cores.
"""

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from scipy import stats

from tasks import params
from tasks.anomaly.inversion import invert_photographs
from tasks.anomaly.scores import anomaly_score
from tasks.base import images, tables
from tasks.base.processes import worker_pool
from tasks.faces.alignment import align
from tasks.faces.heatmaps import heatmap
from tasks.faces.perceptual import Perceptual, load_perceptual
from tasks.faces.pictures import decode
from tasks.faces.regions import region_masks
from tasks.params.anomaly import AnomalyAlign, AnomalyInvert, AnomalyPerceptual, FaceLoss
from tasks.params.phantoms import PhantomsDraw
from tasks.phantoms.dataset import repaired_stills
from tasks.phantoms.files import draw_files
from tasks.phantoms.shape import NO_CLEFT
from tasks.schemas.faces import ALIGNED
from tasks.schemas.ingest import IMAGES, LANDMARKS, REFERENCES

GENERATOR = Path("data/anomaly/generator/generator.safetensors")
LOSSES = {
    "LPIPS alone (random trunk)": FaceLoss(lpips=1, l2=0, l1=0, ssim=0),
    "LPIPS + 10 L2": FaceLoss(lpips=1, l2=10, l1=0, ssim=0),
    "L1 + 0.5 (1 - SSIM)": FaceLoss(lpips=0, l2=0, l1=1, ssim=0.5),
}
BEST = "L1 + 0.5 (1 - SSIM)"


def main(given: list[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=120, help="of the repaired faces, evenly in severity")
    parser.add_argument("--tiny", action="store_true", help="three photographs, two ways, in this process")
    options = parser.parse_args(given)
    if not GENERATOR.exists():
        raise SystemExit(f"{GENERATOR}: not there; run `make demo` first")
    faces = repaired_faces(3 if options.tiny else options.photographs)
    perceptual = load_perceptual(params.load(AnomalyPerceptual, "anomaly_perceptual"), Path("data/weights"))
    print(f"{len(faces)} drawn faces, torch {torch.__version__}\n")
    print("held against the same face without a cleft:")
    tell(faces, untouched(faces), perceptual)
    kinds: list[tuple[str, Literal["w", "w_plus"]]] = [*((name, "w") for name in LOSSES), (BEST, "w_plus")]
    if options.tiny:
        drawn = [inverted(faces, space, LOSSES[name]) for name, space in kinds[-2:]]
        kinds = kinds[-2:]
    else:
        with worker_pool(2) as pool:
            found = [pool.submit(inverted, faces, space, LOSSES[name]) for name, space in kinds]
            drawn = [pictures.result() for pictures in found]
    for (name, space), pictures in zip(kinds, drawn, strict=True):
        print(f"held against the nearest face in {space.replace('_plus', '+')}, {name}:")
        tell(faces, pictures, perceptual)


def repaired_faces(count: int) -> pd.DataFrame:
    """Rows of ALIGNED with severity and path."""
    aligned = tables.read(Path("data/anomaly/aligned"), ALIGNED).to_pandas()
    listed = tables.read(Path("data/ingest/images"), IMAGES, ["image_id", "path"]).to_pandas()
    known = tables.read(Path("data/ingest/references.parquet"), REFERENCES).to_pandas()
    severity = known[known["measure"] == "drawn_severity"].set_index("image_id")["value"].rename("severity")
    faces = aligned[(aligned["population"] == "repaired") & aligned["reason"].isna()].merge(listed, on="image_id")
    faces = faces.join(severity, on="image_id", how="inner").sort_values("severity")
    evenly: pd.DataFrame = faces.iloc[np.linspace(0, len(faces) - 1, min(count, len(faces))).round().astype(int)]
    return evenly


def untouched(faces: pd.DataFrame) -> list[np.ndarray]:
    """The same people in the same light and pose without a cleft, aligned by the landmarks of the real picture."""
    stills = {still.path: still for still in repaired_stills(params.load(PhantomsDraw, "phantoms_draw"))}
    settings = params.load(AnomalyAlign, "anomaly_align")
    points = tables.read(Path("data/ingest/landmarks"), LANDMARKS, ["image_id", "points"]).to_pandas()
    points = points.set_index("image_id")["points"]
    with tempfile.TemporaryDirectory() as folder:
        names = [str(Path(path).relative_to("data/raw/phantoms")) for path in faces["path"]]
        draw_files(Path(folder), [dataclasses.replace(stills[name], cleft=NO_CLEFT) for name in names], workers=2)
        return [
            align(images.read(Path(folder) / name), np.reshape(points[who], (68, 2)), settings=settings).picture / 255
            for name, who in zip(names, faces["image_id"], strict=True)
        ]


def inverted(faces: pd.DataFrame, space: str, loss: FaceLoss) -> list[np.ndarray]:
    """The nearest faces by the demo's settings, `space` and `loss` changed."""
    settings = params.load(AnomalyInvert, "anomaly_invert").model_copy(update={"space": space, "loss": loss})
    kept = faces.drop(columns=["path", "severity", "reason"])
    own = ALIGNED.table({str(name): value for name, value in row.items()} for row in kept.to_dict("records"))
    parts = [own.slice(start, settings.together) for start in range(0, len(own), settings.together)]
    found = pa.concat_tables(
        invert_photographs(
            part,
            generator=GENERATOR,
            weights="data/weights",
            settings=settings,
            perceptual=params.load(AnomalyPerceptual, "anomaly_perceptual"),
            checkpoint=None,
        )
        for part in parts
    )
    by_image = dict(zip(found["image_id"].to_pylist(), found["picture"].to_pylist(), strict=True))
    return [decode(by_image[who]) for who in faces["image_id"]]


def tell(faces: pd.DataFrame, drawn: list[np.ndarray], perceptual: Perceptual) -> None:
    """Print |rho| of each heatmap, and of PSE divided by the region's brightness."""
    severity = faces["severity"].to_numpy()
    shown = [decode(png) for png in faces["picture"]]
    masks = [region_masks(np.reshape(p, (68, 2)), len(shown[0]), soft_edge=0.0)["mouth"] for p in faces["points"]]
    cells = []
    for name in ("pse", "ssim", "lpips"):
        heats = [
            heatmap(a, b, name=name, ycbcr=False, erosion=None, perceptual=perceptual)
            for a, b in zip(shown, drawn, strict=True)
        ]
        scores = np.array([anomaly_score(heat, mask) for heat, mask in zip(heats, masks, strict=True)])
        cells.append(f"{name} {abs(stats.spearmanr(scores, severity).statistic):.2f}")
        if name == "pse":
            light = np.array([picture[mask > 0].mean() for picture, mask in zip(shown, masks, strict=True)])
            evened = scores + 2 * np.log(light)
            cells.append(f"pse over brightness squared {abs(stats.spearmanr(evened, severity).statistic):.2f}")
    print("  " + ", ".join(cells) + "\n", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    torch.set_num_threads(1)
    main()
