"""A mask painted by hand, as a picture of the photograph's size: what is not black is hidden.

In: a picture file. Out: a mask. With transparency, what is transparent is not hidden; a picture that is black wherever
it is opaque is read by its transparency alone. Files that were compressed with loss are refused: their black is not
black; files of several pictures, and masks that seem to be inverted, are refused, too. Knows nothing of faces.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tasks.base import images
from tasks.inpainting.filling import FillError

LOSSLESS = ("PNG", "TIFF", "BMP", "GIF", "PPM")


def read_mask(
    path: Path,
    shape: tuple[int, ...],  # height, width of the upright photograph
) -> np.ndarray:
    """(H, W) bool, True is hidden.

    FillError names the file: no picture, or several, with loss, of another size, empty, full, inverted.
    """
    try:
        images.check_size(path)
        with Image.open(path) as opened:
            if opened.format not in LOSSLESS:
                raise FillError(
                    f"{path}: a mask as {opened.format}, whose black is not quite black; save it as one of "
                    f"{', '.join(LOSSLESS)}"
                )
            if (count := getattr(opened, "n_frames", 1)) > 1:
                raise FillError(f"{path}: holds {count} pictures; save the one that is the mask as PNG")
            upright = ImageOps.exif_transpose(opened)
            values = np.asarray(upright.convert("RGBA") if _coloured(upright) else upright)
    except (UnidentifiedImageError, images.UnreadableImage, SyntaxError) as error:
        raise FillError(f"{path}: no picture that can be read as a mask; save it as PNG") from error
    except OSError as error:
        raise FillError(f"{path}: cannot be read ({error.strerror or 'damaged'})") from error
    mask = _hidden(values)
    if mask.shape != shape[:2]:
        raise FillError(
            f"{path}: has {mask.shape[1]} x {mask.shape[0]} pixels, the photograph (upright) {shape[1]} x {shape[0]}"
        )
    if not mask.any():
        raise FillError(f"{path}: is black everywhere; paint white what is to be filled")
    if mask.all():
        raise FillError(f"{path}: hides the whole photograph; leave black what is to stay")
    if mask[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        raise FillError(
            f"{path}: hides all four corners of the photograph, so it seems to be inverted; what is black, or "
            "transparent, stays, and all else is filled"
        )
    return mask


def _coloured(picture: Image.Image) -> bool:
    """Whether its numbers are colours or places in a palette, not grey levels of any depth."""
    return picture.mode in ("P", "PA", "RGB", "RGBA", "LA", "CMYK") or "transparency" in picture.info


def _hidden(values: np.ndarray) -> np.ndarray:
    """Grey levels (H, W), or (H, W, 4) RGBA."""
    if values.ndim == 2:  # noqa: PLR2004
        return np.asarray(np.nan_to_num(values) != 0)
    opaque = values[..., 3] > 0
    painted = (values[..., :3] > 0).any(axis=2) & opaque
    return np.asarray(opaque if not painted.any() and not opaque.all() else painted)
