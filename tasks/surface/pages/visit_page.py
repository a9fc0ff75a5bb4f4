"""One page per visit in three dimensions: a face that turns, pictures, measures beside their norms, what was refused.

In: what was found of a visit (`Shown`). Out: an HTML page that needs no other file, asks for none, and prints. Every
value is escaped. Measures nothing. Knows nothing of files.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from tasks.base.escaping import visible
from tasks.pages.environment import environment, number
from tasks.pages.norms import bar
from tasks.pages.overlays import jpeg
from tasks.surface.geometry.joining import joined
from tasks.surface.geometry.nearest_points import face_normals
from tasks.surface.pages import stills
from tasks.surface.pages.contents import Measured, Shown
from tasks.surface.pages.map_colours import LIMITS, TINTS, UNKNOWN, limit_of
from tasks.surface.pages.packed_surface import packed

VIEWER = Path(__file__).parent.parent / "viewer"
UNFOLD = Path(__file__).parent.parent.parent / "pages" / "page.js"
CAVEAT = "It is a finding, not a diagnosis."


@dataclass(frozen=True)
class Line:
    """A measure as the page's table has it."""

    words: str
    meaning: str
    value: str
    interval: str
    side: str
    sides: str
    bar: Mapping[str, float] | None
    norm: str
    reason: str | None


def render_surface_page(
    shown: Shown, *, notices: Sequence[str], picture_px: int | None, keeping: Mapping[str, Any] | None = None
) -> str:
    """The page of one visit; `picture_px`: height of its still pictures, None: it has none.

    `keeping`: the page is served, and keeps what people place (flows.pages.visits.state); else it keeps nothing.
    """
    limit = 0.0
    if shown.asymmetry is not None and shown.surface is not None:
        limit = limit_of(shown.asymmetry, shown.surface.vertices[:, 2])
    pictures, mesh, given = {}, "", Markup("")
    if shown.surface is not None:
        if picture_px is not None:
            drawn = stills.stills(shown, limit=limit, height=picture_px)
            pictures = {name: jpeg(image, side=picture_px) for name, image in drawn.items()}
        mesh, numbers = _mesh(shown)
        given = _as_json(_given(shown, limit) | {"mesh": numbers, "keeping": keeping})
    groups: dict[str, list[Line]] = {}
    for one in shown.measures:
        groups.setdefault(one.group, []).append(_line(one))
    return (
        _environment()
        .get_template("surface/pages/page.html.j2")
        .render(
            shown=shown,
            pictures=pictures,
            given=given,
            mesh=Markup(mesh),  # noqa: S704 (base64)
            limit=limit,
            limits=LIMITS,
            gradient=", ".join(f"#{tint.tobytes().hex()}" for tint in TINTS[::15]),
            unseen=_unseen(shown),
            filled=_filled(shown),
            groups=groups,
            with_norms=any(one.norm for one in shown.measures),
            refused=_refused(shown),
            caveat=CAVEAT,
            notices=notices,
            keeping=keeping,
        )
    )


def _environment() -> Environment:
    """The kit, whose script is the viewer's: three.js, and ours."""
    env, script = environment(), _script()
    env.globals["script"] = Markup(script)  # noqa: S704 (our own files)
    env.globals["script_digest"] = _digest()
    return env


def _digest() -> str:
    return f"sha256-{base64.b64encode(sha256(_script().encode()).digest()).decode('ascii')}"


def policy() -> str:
    """What a served page may do, for its header: its own script, and asking its own server."""
    rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    own = f"script-src '{_digest()}'; connect-src 'self'"
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; {own}; {rest}"


@cache
def _script() -> str:
    return "\n".join(path.read_text("utf-8") for path in (UNFOLD, VIEWER / "three.js", VIEWER / "viewer.js"))


def _mesh(shown: Shown) -> tuple[str, dict[str, Any]]:
    assert shown.surface is not None
    whole, measured = joined(shown.surface, shown.filled), len(shown.surface.vertices)
    values = np.full(len(whole.vertices), np.nan)
    if shown.asymmetry is not None:
        values[:measured] = stills.fuller(shown)
    return packed(whole, values, measured=measured)


def _given(shown: Shown, limit: float) -> dict[str, Any]:
    """What the script knows besides the mesh."""
    return {
        "points": [
            {
                "name": name,
                "at": point.position.tolist(),
                "interval": point.interval,
                "views": point.views,
                "words": shown.definitions.get(name, ""),
            }
            for name, point in shown.points.items()
            if point.position is not None
        ],
        "placeable": [
            {"name": name, "words": words, "missing": name not in shown.points or shown.points[name].position is None}
            for name, words in shown.definitions.items()
        ],
        "limit": limit,
        "tints": base64.b64encode(TINTS.tobytes()).decode("ascii"),
        "unknown": UNKNOWN,
        "hatch": [grey for grey, *_ in stills.HATCH],
        "filled": stills.MADE_UP,
    }


def _as_json(value: Any) -> Markup:
    """The value for a `<script type="application/json">`: nothing in it ends the element, nothing in it is unseen."""
    text = json.dumps(_seen(value), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704 (no tag can begin in it)


def _seen(value: Any) -> Any:
    """The value, with what cannot be seen in its texts written out."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {key: _seen(own) for key, own in value.items()}
    return [_seen(own) for own in value] if isinstance(value, list | tuple) else value


def _line(one: Measured) -> Line:
    gap = "" if one.unit in ("", "°") else " "
    row = {"value": one.value, "low": one.low, "high": one.high, "unit": one.unit, "deviation": one.deviation}
    both = ""
    if one.right is not None and one.left is not None:
        both = f"right {number(one.right, one.digits)}, left {number(one.left, one.digits)}"
    with_bar = one.norm is not None and one.value is not None

    def span(low: float | None, high: float | None) -> str:
        return "" if low is None or high is None else f"{number(low, one.digits)} to {number(high, one.digits)}"

    return Line(
        one.words,
        one.meaning,
        "" if one.value is None else f"{number(one.value, one.digits)}{gap}{one.unit}",
        span(one.low, one.high),
        one.side,
        both,
        bar(row, one.norm) if with_bar and one.norm else None,
        "" if one.norm is None else span(one.norm["p05"], one.norm["p95"]),
        one.reason,
    )


def _refused(shown: Shown) -> list[tuple[str, list[str]]]:
    """Why points and measures are not there, each reason with their names."""
    found: dict[str, list[str]] = {}
    for name, point in shown.points.items():
        if point.reason is not None:
            found.setdefault(point.reason, []).append(name.replace("_", " "))
    for one in shown.measures:
        if one.reason is not None:
            found.setdefault(one.reason, []).append(one.words)
    return list(found.items())


def _filled(shown: Shown) -> float:
    """The share of the area shown that a template filled."""
    if shown.surface is None or shown.filled is None:
        return 0.0
    measured, more = (float(face_normals(own)[1].sum()) for own in (shown.surface, shown.filled))
    return more / (measured + more)


def _unseen(shown: Shown) -> float:
    """The share of the surface's triangles that no photograph saw whole."""
    if shown.surface is None or not len(shown.surface.faces):
        return 0.0
    return float(1 - shown.surface.seen[shown.surface.faces].all(axis=1).mean())
