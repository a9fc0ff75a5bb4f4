"""Sheets of A4 as a PDF: headings, text, pictures in a row, tables with norm bars; what does not fit goes on.

In: words and pictures, one after the other. Out: PDF bytes, the same for the same input; text in it can be searched and
copied. matplotlib draws it, which figures need anyway: no browser. Knows nothing of what is shown.
"""

import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, EDGE = 595.0, 842.0, 42.0
"""Of a sheet, and its empty edge, points (1/72 inch)."""
INNER = WIDTH - 2 * EDGE
INK, SOFT, RULE, ACCENT, OUTSIDE, BAND = "#1f2a30", "#55636b", "#d5dbdf", "#0b5563", "#d55e00", "#009e73"
LETTER = 0.56
"""Mean width of a letter over the size of the type; generous, so that no line runs over the edge."""
ROW, SMALL = 11.0, 7.5

Place = tuple[float, float]
Marks = Callable[["Axes", Callable[[Sequence[Place]], np.ndarray]], None]
"""Draws on a picture: the axes, and what takes places in its pixels to the sheet."""


class Picture(NamedTuple):
    """A picture (H, W, 3) uint8 RGB with its caption; `marks` draws on it."""

    pixels: np.ndarray
    caption: str
    marks: Marks | None = None


class Cell(NamedTuple):
    """A column of a table: where its text begins or, `right`, ends; points from the left edge."""

    at: float
    right: bool = False


class Paper:
    """Sheets that are filled from above; `foot` stands under each."""

    def __init__(self, title: str, foot: str) -> None:
        import matplotlib as mpl  # slow to import

        self.title, self.foot = title, foot
        self.style = {**mpl.rcParamsDefault, "pdf.fonttype": 42, "font.family": "DejaVu Sans", "text.usetex": False}
        self.sheets: list[Any] = []
        self.y = HEIGHT
        self._turn()

    def _turn(self) -> None:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        with mpl.rc_context(self.style):
            figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), facecolor="white")
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
            axes.axis("off")
            axes.set_autoscale_on(False)
        self.sheets.append(figure)
        self.axes, self.y = axes, EDGE

    def _write(self, x: float, text: str, size: float, *, right: bool = False, **how: Any) -> None:
        import matplotlib as mpl

        with mpl.rc_context(self.style):
            self.axes.text(
                x, self.y, text, size=size, ha="right" if right else "left", va="top", parse_math=False, **how
            )

    def text(self, words: str, *, size: float = 8.5, colour: str = INK, bold: bool = False, hang: float = 0) -> None:
        """A paragraph, broken into lines; `hang`: how far it is moved in, points."""
        letters = int((INNER - hang) / (size * LETTER))
        for line in textwrap.wrap(words, letters, break_on_hyphens=False) or [""]:
            self.room(size * 1.4)
            self._write(EDGE + hang, line, size, color=colour, weight="bold" if bold else "normal")
            self.y += size * 1.4
        self.y += size * 0.35

    def room(self, height: float) -> None:
        """Go on to the next sheet where this one has not that many points left: for what should not be parted."""
        if self.y + height > HEIGHT - EDGE - 14:
            self._turn()

    def heading(self, words: str, *, needed: float = 60) -> None:
        """A heading, which does not stand alone at the foot of a sheet; `needed`: points, itself included."""
        self.room(needed)
        self.y += 7
        self.text(words, size=12, bold=True)

    def pictures(self, row: Sequence[Picture], *, columns: int) -> None:
        """Pictures beside each other, `columns` of them to the sheet's width, with their captions."""
        gap = 8.0
        wide = (INNER - gap * (columns - 1)) / columns
        letters = int(wide / (6.5 * LETTER))
        captions = [textwrap.wrap(own.caption, letters) for own in row]
        tall = max(wide * own.pixels.shape[0] / own.pixels.shape[1] for own in row)
        most = HEIGHT - 3 * EDGE - 60
        if tall > most:
            wide, tall = wide * most / tall, most
        under = 4 + 9 * max(map(len, captions))
        self.room(tall + under + 6)
        for number, own in enumerate(row):
            self._picture(own, EDGE + number * (wide + gap), wide)
        top, self.y = self.y, self.y + tall + 3
        under_pictures = self.y
        for number, lines in enumerate(captions):
            self.y = under_pictures
            for line in lines:
                self._write(EDGE + number * (wide + gap), line, 6.5, color=SOFT)
                self.y += 9
        self.y = top + tall + under + 6

    def _picture(self, own: Picture, left: float, wide: float) -> None:
        scale = wide / own.pixels.shape[1]
        top, tall = self.y, own.pixels.shape[0] * scale
        self.axes.imshow(
            own.pixels, extent=(left, left + wide, top + tall, top), aspect="auto", interpolation="none", zorder=0
        )
        self.axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        if own.marks is not None:
            own.marks(self.axes, lambda places: np.asarray(places, float) * scale + [left, top])

    def rule(self, colour: str = RULE) -> None:
        """A line across the sheet."""
        self.axes.plot([EDGE, WIDTH - EDGE], [self.y, self.y], color=colour, linewidth=0.6, solid_capstyle="butt")
        self.y += 3

    def row(
        self,
        cells: Sequence[tuple[Cell, str]],
        *,
        bold: bool = False,
        colour: str = INK,
        bar: tuple[float, Mapping[str, float]] | None = None,
    ) -> None:
        """A line of a table. `bar`: where its norm bar begins, and what it shows (tasks.pages.norms.bar)."""
        self.room(ROW)
        for cell, text in cells:
            self._write(
                EDGE + cell.at, text, SMALL, right=cell.right, color=colour, weight="bold" if bold else "normal"
            )
        if bar is not None:
            self._bar(EDGE + bar[0], bar[1])
        self.y += ROW

    def _bar(self, left: float, own: Mapping[str, float], wide: float = 60.0) -> None:
        from matplotlib.patches import Rectangle

        def at(value: float) -> float:
            return left + value / 100 * wide

        def box(x: float, y: float, width: float, height: float, **how: Any) -> None:
            self.axes.add_patch(Rectangle((x, self.y + y), width, height, linewidth=0, **how))

        box(left, 4.2, wide, 0.6, facecolor=RULE)
        box(at(own["from"]), 1.5, at(own["to"]) - at(own["from"]), 6, facecolor=BAND, alpha=0.28)
        box(at(own["low"]), 4.1, max(at(own["high"]) - at(own["low"]), 0.4), 0.9, facecolor=INK)
        box(at(own["value"]) - 0.8, 0.8, 1.6, 7.5, facecolor=OUTSIDE if own["outside"] else ACCENT)

    def pdf(self) -> bytes:
        """All sheets."""
        import matplotlib as mpl
        from matplotlib.backends.backend_pdf import PdfPages

        made = io.BytesIO()
        about = {"Title": self.title, "Creator": "Vermilion", "Producer": None, "CreationDate": None}
        with mpl.rc_context(self.style), PdfPages(made, metadata=about) as pages:
            for number, figure in enumerate(self.sheets, 1):
                self.axes, self.y = figure.axes[0], HEIGHT - EDGE + 4
                self._write(EDGE, self.foot, 6.5, color=SOFT)
                self._write(WIDTH - EDGE, f"{number} of {len(self.sheets)}", 6.5, right=True, color=SOFT)
                pages.savefig(figure)
        return made.getvalue()
