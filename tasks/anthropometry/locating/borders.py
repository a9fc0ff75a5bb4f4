"""The upper lip's vermilion border, followed on the pixels from one corner of the mouth to the other.

In: mouth and nose in the levelled frame, and the model's lines in it. Out: one height a column. What lip and skin look
like is learned from this photograph alone: the lip within the model's lines, the skin around them. The border is the
line that parts them best and bends least (dynamic programming). It is free to rise on one side alone, as it does after
a cleft, which the model's own line does not. Does not judge whether lip and skin can be told apart: it says how well.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tasks.anthropometry.locating.levelled import UNIT, Levelled
from tasks.ingest.faces.mesh import LOWER_BORDER, UPPER_BORDER, UPPER_INNER
from tasks.params.anthropometry import Lips

SMOOTH = 1.0
"""Deviation of the blur under which colours are compared, px."""
ERODED, LEAST = 2, 100
"""Pixels of the model's lip left out along its edge, and the fewest that colours are learned from."""
GRAIN = 4.0
"""Variance added to each colour: noise that a flat patch does not show."""
AROUND = 6
"""Rows above and below all places where the border may lie, px."""
ROUNDS = 3
"""Times that colours are learned, each time without the pixels that looked like the other side."""
STEPS = np.arange(-2, 3)
"""Pixels that the border may rise or fall from one column to the next."""
NOSE_BASE = [2, 97, 326]
BELOW_NOSE = 6
CORNER_ROOM, CORNER_SLOPE = 3, 0.7
"""How far the border may leave the model's line at the very corner, px, and how much more a pixel further on."""
BARRED, PAST = 1e3, 20
"""Costs of a height that is out of reach, and of a pixel through the mouth's opening."""


class Border(NamedTuple):
    """A border in the levelled frame, px."""

    x: np.ndarray  # (n,) whole numbers
    y: np.ndarray  # (n,) where it was found
    model: np.ndarray  # (n,) where the model has it
    separation: float  # of lip and skin, in their deviations


class Colours(NamedTuple):
    """Colours of one kind of pixel: a normal distribution in Lab."""

    mean: np.ndarray  # (3,)
    precision: np.ndarray  # (3, 3)

    def log_density(self, lab: np.ndarray) -> np.ndarray:
        """Of (..., 3) colours, but for a constant."""
        away = lab - self.mean
        half_log = np.linalg.slogdet(self.precision)[1] / 2
        return np.asarray(half_log - ((away @ self.precision) * away).sum(axis=-1) / 2)


def find_border(
    face: Levelled,
    *,
    settings: Lips,
) -> Border:
    """The border of the upper lip."""
    model, within = face.found[list(UPPER_BORDER)], face.found[list(UPPER_INNER)]
    x = np.arange(np.ceil(model[0, 0]), np.floor(model[-1, 0]) + 1)
    line, inside = np.interp(x, *model.T), np.interp(x, *within.T)
    odds, separation = _lip_odds(face, model, within, settings)
    outward, inward = (round(length * UNIT) for length in (settings.outward, settings.inward))
    moves = np.arange(-outward, inward + 1)
    costs = _costs(odds, x, line, inside, moves, settings)
    return Border(x, line + _cheapest(costs, moves, settings.stiffness), line, separation)


def _lip_odds(face: Levelled, model: np.ndarray, within: np.ndarray, settings: Lips) -> tuple[np.ndarray, float]:
    """Log odds of lip against skin for every pixel, and how well the two are told apart."""
    lab = cv2.GaussianBlur(cv2.cvtColor(face.picture, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), SMOOTH)
    lip_mask, skin_mask = _samples(face, model, within, settings)
    lip, skin = lab[lip_mask].astype(float), lab[skin_mask].astype(float)
    lips, skins = lip, skin
    for _ in range(ROUNDS):
        like_lip, like_skin = _learned(lips), _learned(skins)
        lips, skins = (
            _most(lip, like_lip.log_density(lip) > like_skin.log_density(lip)),
            _most(skin, like_skin.log_density(skin) > like_lip.log_density(skin)),
        )
    shared = np.linalg.inv((np.linalg.inv(like_lip.precision) + np.linalg.inv(like_skin.precision)) / 2)
    apart = like_lip.mean - like_skin.mean
    separation = float(np.sqrt(apart @ shared @ apart))
    rows = slice(max(round(float(model[:, 1].min() - settings.outward * UNIT)) - AROUND, 0), _last_row(model, within))
    odds = np.zeros(lab.shape[:2])
    odds[rows] = like_lip.log_density(lab[rows]) - like_skin.log_density(lab[rows])
    return odds, separation


def _last_row(model: np.ndarray, within: np.ndarray) -> int:
    """Below it no border is looked for."""
    return round(float(max(model[:, 1].max(), within[:, 1].max()))) + AROUND


def _learned(colours: np.ndarray) -> Colours:
    covariance = np.cov(colours.T) + GRAIN * np.eye(3)
    return Colours(colours.mean(axis=0), np.linalg.inv(covariance))


def _most(colours: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Those that are kept; all of them when hardly any are."""
    return colours[kept] if kept.sum() > LEAST else colours


def _samples(face: Levelled, model: np.ndarray, within: np.ndarray, settings: Lips) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the pixels that the model takes for the upper lip, and of skin above and beside it."""
    shape = face.picture.shape[:2]
    lip = _filled(np.concatenate([model, within[::-1]]), shape)
    mouth = _filled(np.concatenate([face.found[list(UPPER_BORDER)], face.found[list(LOWER_BORDER)][::-1]]), shape)
    core = next((c for c in (cv2.erode(lip, _disc(ERODED)), cv2.erode(lip, _disc(1))) if c.sum() > LEAST), lip)
    near, far = (round(length * UNIT) for length in (settings.skin_from, settings.skin_to))
    ring = cv2.dilate(mouth, _disc(far)) - cv2.dilate(mouth, _disc(near))
    middle = round(float(model[[0, -1], 1].mean()))
    ring[: round(float(face.found[NOSE_BASE, 1].max())) + BELOW_NOSE] = 0
    ring[middle:] = 0  # the lower lip's skin often lies in shadow
    return core > 0, ring > 0


def _filled(outline: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1)
    return mask


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _costs(
    odds: np.ndarray,  # (H, W) log odds of lip
    x: np.ndarray,  # (n,)
    line: np.ndarray,  # (n,) the model's border
    inside: np.ndarray,  # (n,) where the lips meet or part
    moves: np.ndarray,  # (k,) px away from the line, downwards
    settings: Lips,
) -> np.ndarray:
    """What it costs to lay the border at each height of each column, (n, k)."""
    clear = np.clip(odds, -settings.clearest, settings.clearest).astype(np.float32)
    beyond = np.cumsum(clear, axis=0)  # odds of all pixels above a height: lip left outside the upper border
    slope = cv2.Sobel(cv2.GaussianBlur(clear, (0, 0), 1.5), cv2.CV_32F, 0, 1, ksize=3) / 8
    y = line[:, None] + moves
    columns = np.repeat(x[:, None], len(moves), axis=1).astype(np.float32)

    def at(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        found = cv2.remap(values, columns, rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, float)

    costs = at(beyond, y - 0.5) - settings.edge * at(slope, y) + settings.pull * moves**2
    from_corner = np.minimum(x - x[0], x[-1] - x)
    costs[np.abs(moves) > (CORNER_ROOM + CORNER_SLOPE * from_corner)[:, None]] = BARRED
    past = np.maximum(y - inside[:, None] + 1, 0)  # through the mouth's opening
    return np.asarray(costs + PAST * past)


def _cheapest(costs: np.ndarray, moves: np.ndarray, stiffness: float) -> np.ndarray:
    """The moves of the cheapest border, (n,): whole pixels by dynamic programming, then the parabola's lowest point."""
    number, choices = costs.shape
    total, came = costs[0], np.zeros((number, choices), int)
    step_costs = stiffness * STEPS**2
    widest = int(STEPS[-1])
    before = np.arange(choices) - STEPS[:, None] + widest  # into a padded array
    for column in range(1, number):
        padded = np.pad(total, widest, constant_values=np.inf)
        options = padded[before] + step_costs[:, None]
        came[column] = options.argmin(axis=0)
        total = costs[column] + options.min(axis=0)
    path = np.empty(number, int)
    path[-1] = total.argmin()
    for column in range(number - 1, 0, -1):
        path[column - 1] = path[column] - STEPS[came[column, path[column]]]
    middle, rows = np.clip(path, 1, choices - 2), np.arange(number)
    left, here, right = (costs[rows, middle + by] for by in (-1, 0, 1))
    bend = left - 2 * here + right
    safe = (bend > 1e-3) & (path == middle)
    finer = np.where(safe, (left - right) / (2 * np.where(safe, bend, 1)), 0)
    return np.asarray(moves[path] + np.clip(finer, -0.5, 0.5))
