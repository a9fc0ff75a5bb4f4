"""What a drawn head looks like: skin, lips, brows, lashes, eyes and cropped hair, as a texture.

In: a person's colours and seed, and the shape. Out: `Paint`. Everything is painted by the place on the neutral head, so
that it moves with the shape, but for the iris, which is 11.7 mm wide in every shape. Skin is no mirror image of itself:
pores, freckles and moles are noise. None of it is measured on people.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from tasks.phantoms.heads.asymmetry import outside
from tasks.phantoms.heads.atlas import atlas
from tasks.phantoms.heads.template import LEFT_EYE, RIGHT_EYE, template
from tasks.space.render import Paint

IRIS, PUPIL = 5.85, 2.0  # mm, radii
BORDER: tuple[int, ...] = (
    455,
    7214,
    7210,
    7215,
    7169,
    11956,
    7170,
    7171,
    7168,
    7184,
    10404,
    7182,
    7183,
    10371,
    7164,
    7165,
)
BORDER += (7166, 7235, 7241, 492)
"""The vermilion border from the bow's dip round the left corner to the lower lip's middle: the base mesh's vertices."""
VERMILION: tuple[tuple[int, int], ...] = (
    (466, 468),
    (474, 474),
    (493, 496),
    (509, 513),
    (520, 540),
    (7172, 7181),
    (7187, 7233),
    (7236, 7239),
)
VERMILION += ((7242, 7268), (7270, 7282), (10373, 10376), (10398, 10403), (11953, 11955), (11962, 11964))
"""What lies within it, from and to which vertex of the base mesh, the middle and the left side."""
MOUTH = (
    (554, 554),
    (557, 557),
    (571, 571),
    (7269, 7433),
    (10377, 10398),
    (11949, 11952),
    (11957, 11961),
    (11967, 11968),
)
NOSTRILS = ((7141, 7158),)
"""The inside of mouth and left nostril, which is dark."""
LASHES = ((13352, 13359), (13363, 13364), (13369, 13369), (13371, 13371))
"""The left upper lid's edge."""
HAIRLINE = np.array([[-190.0, -23.0], [-150.0, -8.0], [-125.0, 27.0], [-100.0, 59.0], [-60.0, 85.0], [20.0, 115.0]])
"""mm: how far back (z), and how high (y) hair begins there."""
BROW = np.array([[10.0, 66.0, 2.8], [24.0, 68.5, 3.2], [40.0, 70.0, 2.6], [54.0, 65.0, 1.2]])
"""mm from the middle, height, and half the brow's width."""
GRID = 48  # cells of a block of noise, which repeats


@dataclass(frozen=True)
class Colours:
    """A person's colours, RGB 0..255."""

    skin: tuple[int, int, int]
    lips: tuple[int, int, int]
    hair: tuple[int, int, int]
    iris: tuple[int, int, int]


def painted(vertices: np.ndarray, *, colours: Colours, seed: int) -> Paint:
    """The texture of a shape (V, 3) of the template."""
    head, layout = template(), atlas(template().faces)
    at = layout.at_pixels(head.neutral).reshape(-1, 3)
    found = _skin(at, np.array(colours.skin, float), np.random.default_rng(seed))
    masks = np.column_stack([outside(), _lips(), _both_sides(_within(LASHES)), _both_sides(_within(MOUTH + NOSTRILS))])
    seen, lip, lash, hollow = layout.at_pixels(masks).reshape(-1, 4).T
    found = _mixed(found, _rough(at, colours.lips, seed + 1, 0.10, 1.6), _step(lip, 0.42, 0.58))
    found = _mixed(found, _rough(at, colours.hair, seed + 2, 0.35, 1.1), 0.85 * _hair(at))
    found = _mixed(found, _rough(at, colours.hair, seed + 3, 0.35, 1.1), _brows(at, seed))
    found = _mixed(found, np.array([25.0, 15.0, 12.0]), 0.9 * _step(lash, 0.25, 0.5))
    found = _mixed(found, np.array([48.0, 16.0, 16.0]), _step(hollow, 0.05, 0.5))
    found *= 1 - 0.75 * (_step(-seen, -0.9, 0.0) * _near(at))[:, None]
    part = np.repeat(head.part[head.faces].max(axis=1), len(layout.weights))
    here = layout.at_pixels(vertices).reshape(-1, 3)
    for eye in (LEFT_EYE, RIGHT_EYE):
        own = part == eye
        found[own] = _eye(here[own] - vertices[head.part == eye].mean(axis=0), at[own], colours, seed)
    return Paint(layout.uv, layout.texture(found.reshape(len(head.faces), -1, 3)))


def _noise(at: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """Noise (P,) at places (P, 3) in mm, mean 0, standard deviation near 1, in grains of `size` mm."""
    block = rng.normal(size=(GRID, GRID, GRID)).astype(np.float32)
    found = map_coordinates(block, at.T / size, order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(found * 1.6)


def _near(at: np.ndarray) -> np.ndarray:
    """Whether places (P, 3) lie about nose and mouth, where what no camera sees is a hole, 0 or 1."""
    return np.asarray((np.abs(at[:, 0]) < 40) & (np.abs(at[:, 1]) < 40) & (at[:, 2] > -60)).astype(float)


def _step(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    share = ((values - low) / (high - low)).clip(0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _mixed(under: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(under + (over - under) * share[:, None])


def _rough(at: np.ndarray, colour: tuple[int, int, int], seed: int, contrast: float, size: float) -> np.ndarray:
    """A colour with grains of that contrast, (P, 3)."""
    grains = _noise(at, size, np.random.default_rng(seed))
    return np.asarray(np.array(colour, float) * (1 + contrast * grains)[:, None])


def _skin(at: np.ndarray, colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Skin (P, 3): blotches, pores, freckles and moles; cheeks and nose redder."""
    light = 1 + 0.03 * _noise(at, 14.0, rng) + 0.035 * _noise(at, 3.5, rng) + 0.05 * _noise(at, 1.1, rng)
    red = np.exp(-(((np.abs(at[:, 0]) - 34) / 18) ** 2) - ((at[:, 1] - 15) / 18) ** 2) * (at[:, 2] > -60)
    found = colour * light[:, None] * (1 + red[:, None] * [0.03, -0.09, -0.09])
    freckles = _step(_noise(at, 2.2, rng) + 0.5 * _noise(at, 11.0, rng), 1.9, 2.6)
    moles = _step(_noise(at, 3.6, rng), 4.2, 4.8)
    found = _mixed(found, colour * [0.62, 0.5, 0.42], 0.6 * freckles)
    return _mixed(found, colour * [0.3, 0.2, 0.18], 0.9 * moles)


def _lips() -> np.ndarray:
    """1 on the vermilion, one half on its border, 0 elsewhere, (V,)."""
    head = template()
    share = _within(VERMILION)
    share[[head.number(base) for base in BORDER]] = 0.5
    return _both_sides(share)


def _within(ranges: tuple[tuple[int, int], ...]) -> np.ndarray:
    """1 on the base mesh's vertices from and to these numbers, (N,)."""
    kept = template().kept
    return np.asarray(np.any([(kept >= first) & (kept <= last) for first, last in ranges], axis=0), float)


def _both_sides(share: np.ndarray) -> np.ndarray:
    """What the base mesh's vertices carry on the left (N,), on both sides of the finer mesh, (V,)."""
    head = template()
    return np.asarray(head.matrix @ np.maximum(share, share[head.mirror[: len(share)]]))


def _hair(at: np.ndarray) -> np.ndarray:
    return _step(at[:, 1] - np.interp(at[:, 2], *HAIRLINE.T), -2.0, 3.0)


def _brows(at: np.ndarray, seed: int) -> np.ndarray:
    """How much a brow covers, (P,): strokes that thin out to its ends."""
    away = np.abs(at[:, 0])
    middle, half = np.interp(away, BROW[:, 0], BROW[:, 1]), np.interp(away, BROW[:, 0], BROW[:, 2])
    covered = _step(half - np.abs(at[:, 1] - middle), -0.8, 1.2) * (at[:, 2] > -60)
    covered *= _step(away, BROW[0, 0] - 1.5, BROW[0, 0] + 2) * _step(-away, -BROW[-1, 0] - 1, -BROW[-1, 0] + 4)
    return np.asarray(covered * (0.8 + 0.12 * _noise(at, 1.0, np.random.default_rng(seed + 4))).clip(0, 1))


def _eye(here: np.ndarray, at: np.ndarray, colours: Colours, seed: int) -> np.ndarray:
    """Colours (P, 3) of an eyeball by the place from its centre, mm, `here`: white, iris, its darker edge, pupil."""
    away = np.where(here[:, 2] > 0, np.hypot(here[:, 0], here[:, 1]), 99.0)
    found = _rough(at, (226, 220, 214), seed + 5, 0.01, 2.0)
    found = _mixed(found, _rough(at, colours.iris, seed + 6, 0.22, 0.9), _step(-away, -IRIS - 0.25, -IRIS + 0.25))
    found *= (1 - 0.45 * np.exp(-(((away - IRIS + 0.4) / 0.6) ** 2)))[:, None]
    return _mixed(found, np.array([14.0, 12.0, 12.0]), _step(-away, -PUPIL - 0.25, -PUPIL + 0.25))
