"""What is measured on the generated pictures, for measures.json, and the plot of face embeddings.

In: generated pictures, embeddings, features. Out: one nested record of finite numbers, null with a reason where there
are too few pictures; the projections table. Rosero et al. 2025, DiffusionCleft, sections 4.3 and 5.4, Table 2 and
Figure 7. Counts every picture that was drawn, screened out or not, as the paper does. Knows nothing of how pictures
were drawn.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.decomposition import PCA

from tasks.base import images
from tasks.base.networks.distances import frechet_distance, kernel_distance
from tasks.params.synthesis import SynthesisIdentity, SynthesisMeasure
from tasks.schemas.synthesis import CONDITIONS, DIFFERENCES, PROJECTIONS
from tasks.synthesis.gate.identity import leakage, threshold_of
from tasks.synthesis.measures import diversity

TOO_FEW = 2
GROUPS = {**{name: (name,) for name in CONDITIONS}, "all": CONDITIONS}


def measure(
    generated: pa.Table,  # image_id, condition, picture, reason: both conditions
    embeddings: pa.Table,
    features: pa.Table,
    apart: pa.Table,  # of `differences`
    *,
    identity: SynthesisIdentity,
    settings: SynthesisMeasure,
) -> dict[str, Any]:
    """identity, fidelity, diversity and network, the first three by condition (and `all`)."""
    return {
        "identity": {name: leakage(embeddings, name, settings=identity) for name in CONDITIONS},
        "fidelity": {group: _fidelity(features, names, settings) for group, names in GROUPS.items()},
        "diversity": {group: _diversity(generated, apart, group, settings) for group in GROUPS},
        "network": _networks(identity, settings),
    }


def _networks(identity: SynthesisIdentity, settings: SynthesisMeasure) -> dict[str, Any]:
    named = {"inception": settings.inception, "lpips": settings.lpips_trunk}
    return {
        "identity": identity.network,
        "threshold": threshold_of(identity),
        **named,
        "dims": settings.dims,
        "lpips_net": settings.lpips_net,
        "stand_ins": [key for key, name in named.items() if name == "random"],
    }


def _fidelity(features: pa.Table, conditions: tuple[str, ...], settings: SynthesisMeasure) -> dict[str, Any]:
    real, drawn = (_features(features, conditions, origin) for origin in ("real", "generated"))
    sizes = {"n_real": len(real), "n_generated": len(drawn)}
    if min(sizes.values()) < TOO_FEW:
        why = f"{len(real)} training photographs and {len(drawn)} generated pictures; two or more of each are needed"
        return {"fid": None, "kid": None, "kid_std": None, "reason": why} | sizes
    kid, deviation = kernel_distance(
        real, drawn, subsets=settings.kid_subsets, subset_size=settings.kid_subset_size, seed=settings.seed
    )
    return {"fid": frechet_distance(real, drawn), "kid": kid, "kid_std": deviation} | sizes


def _features(features: pa.Table, conditions: tuple[str, ...], origin: str) -> np.ndarray:
    """(n, D), by condition and image_id."""
    own = pc.and_(pc.is_in(features["condition"], pa.array(conditions)), pc.equal(features["origin"], origin))
    kept = features.filter(pc.and_(own, pc.is_valid(features["features"])))
    rows = kept.sort_by([("condition", "ascending"), ("image_id", "ascending")])["features"].to_pylist()
    return np.array(rows, np.float64)


def differences(generated: pa.Table, *, settings: SynthesisMeasure, weights: str) -> pa.Table:
    """LPIPS of each group's random pairs: what takes long, and no photograph changes it. `weights`: a folder."""
    rows: list[dict[str, Any]] = []
    for group in GROUPS:
        kept, pairs = _pairs(generated, group, settings)
        used = np.unique(pairs)
        shown = [images.decode_png(kept["picture"][int(n)].as_py()) for n in used]
        found = diversity.distances(shown, np.searchsorted(used, pairs), settings=settings, weights=weights)
        rows += [{"group": group, "number": n, "lpips": value} for n, value in enumerate(found.tolist())]
    return DIFFERENCES.table(rows)


def _pairs(generated: pa.Table, group: str, settings: SynthesisMeasure) -> tuple[pa.Table, np.ndarray]:
    """The group's pictures, and the (P, 2) numbers of those that are compared."""
    own = pc.and_(pc.is_in(generated["condition"], pa.array(GROUPS[group])), pc.is_valid(generated["picture"]))
    kept = generated.filter(own).sort_by([("condition", "ascending"), ("image_id", "ascending")])
    return kept, diversity.random_pairs(kept.num_rows, pairs=settings.pairs, seed=settings.seed)


def _diversity(generated: pa.Table, apart: pa.Table, group: str, settings: SynthesisMeasure) -> dict[str, Any]:
    kept, pairs = _pairs(generated, group, settings)
    if not len(pairs):
        return {"lpips": None, "low": None, "high": None, "pairs": 0, "reason": "fewer than two pictures"}
    values = apart.filter(pc.equal(apart["group"], group)).sort_by("number")["lpips"].to_numpy()
    return diversity.spread(values, pairs, count=kept.num_rows, seed=settings.seed)


def project(embeddings: pa.Table) -> pa.Table:
    """Every embedding on the first two principal components of the photographs' (controls too); signs are fixed.

    Empty where fewer than three photographs have an embedding.
    """
    kept = embeddings.filter(pc.is_valid(embeddings["embedding"])).sort_by("image_id")
    values = np.array(kept["embedding"].to_pylist(), np.float64)
    real = np.array(kept["origin"].to_pylist()) == "real"
    if real.sum() <= TOO_FEW:
        return PROJECTIONS.table([])
    model = PCA(n_components=2, svd_solver="full").fit(values[real])
    signs = np.sign([axis[np.abs(axis).argmax()] for axis in model.components_])
    places = model.transform(values) * signs
    rows = kept.select(["image_id", "condition", "origin"]).to_pylist()
    return PROJECTIONS.table(row | {"x": x, "y": y} for row, (x, y) in zip(rows, places.tolist(), strict=True))
