"""One encoded image to 8-bit RGB planes: the conversion rule of docs/data.md, all of it.

>>> import io
>>> from PIL import Image
>>> file = io.BytesIO()
>>> Image.new("L", (4, 2), 77).save(file, "PNG")
>>> planes = decode(file.getvalue())
>>> planes.shape, planes.dtype.name, int(planes[2, 1, 3])
((3, 2, 4), 'uint8', 77)
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ganprobe.core.calls.resizing import Resize
from ganprobe.core.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pnm")
"""The endings by which an image file is known, in any case."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""The formats that are decoded, whatever the ending says. None of them starts another program, as EPS would."""

MAX_PIXELS = 2**26
"""The most pixels of one image: 8192 x 8192. A small file can claim far more than memory holds."""

_PROBLEMS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What decoders raise on broken files (Pillow promises no common root)."""

Planes = NDArray[np.uint8]

TURNED, TRANSPARENT, DEEP = "turned", "transparent", "deep"
RULES: Mapping[str, str] = {
    TURNED: "were turned upright by their EXIF orientation",
    TRANSPARENT: "have transparency, which was put on white",
    DEEP: "have 16 bits of grey, which were scaled to 8",
}
"""What is done here and not by other packages for metrics (torch-fidelity, pytorch-fid, clean-fid), by its name; it
can change numbers much."""
PEERS: Mapping[str, str] = {
    TURNED: "leave them as stored",
    TRANSPARENT: "drop the alpha",
    DEEP: "clip them at 255",
}

_ORIENTATION, _AS_STORED, _TURNS = 0x0112, 1, range(2, 9)
"""EXIF's tag, its value for an image that stands upright, and those that say how it lies."""

_SAY_ALL = ("JPEG", "PNG")
_PECULIAR = frozenset(("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp", "transparency"))
"""Where Pillow keeps what orientation and transparency it found in files of these formats, once they are loaded: one
look tells most files from those that `RULES` may concern."""

_SMALL = 64 * 64
"""Pixels up to which an image is taken out of Pillow in one piece. An image of 32 x 32 took 5 microseconds so and 13 by
colours, one of 64 x 64 9 and 14, of 128 x 128 22 and 19, of 256 x 256 78 and 35."""


class Decoded(NamedTuple):
    """planes: uint8 (3, H, W), perhaps a view that cannot be written to. rules: names among RULES, of what was done to
    this image."""

    planes: Planes
    rules: tuple[str, ...]


class UnreadableError(DataError):
    """One image that cannot be decoded or converted. The message is the reason; the caller knows the file's name."""


def decode(data: bytes, *, size: Resize | None = None) -> Planes:
    """The planes of `decoded`, in an array of their own."""
    return np.array(decoded(data, size=size).planes, order="C")


def decoded(data: bytes, *, size: Resize | None = None) -> Decoded:
    """The bytes of an image file to uint8 planes (3, H, W); (3, side, side) where a size is given.

    UnreadableError where the data is truncated, no image, too large, or of a mode without a rule.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            rules = _rules(image)
            rgb = image if image.mode == "RGB" and not rules else to_rgb(image)
            return Decoded(_planes(fit(rgb, size)), rules)
    except UnidentifiedImageError as problem:
        raise UnreadableError(f"not an image of a known format ({', '.join(FORMATS)})") from problem
    except _PROBLEMS as problem:
        raise UnreadableError(str(problem).splitlines()[0] if str(problem) else type(problem).__name__) from problem


def to_rgb(image: Image.Image) -> Image.Image:
    """Any image to upright 8-bit RGB (the first frame, where there are several).

    EXIF orientation is applied; 16-bit grey v becomes round(v / 257); transparency is composited on white; grey is
    repeated; palette, CMYK and YCbCr are converted as Pillow does, without colour profiles.
    """
    if _is_turned(image):
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode == "F":
        raise UnreadableError("floating-point pixels have no known range; save 8- or 16-bit pixels")
    if image.mode.startswith("I"):
        return Image.fromarray(eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        return _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _is_turned(image: Image.Image) -> bool:
    return image.getexif().get(_ORIENTATION, _AS_STORED) in _TURNS


def _planes(rgb: Image.Image) -> Planes:
    """(3, H, W). Pillow packs a colour of a large image faster than NumPy picks it out of pixels; a small one costs it
    more to be asked three times."""
    width, height = rgb.size
    if width * height <= _SMALL:
        return np.frombuffer(rgb.tobytes(), dtype=np.uint8).reshape(height, width, 3).transpose(2, 0, 1)
    planes = np.empty((3, height, width), dtype=np.uint8)
    for plane, colour in zip(planes, "RGB", strict=True):
        plane[:] = np.frombuffer(rgb.tobytes("raw", colour), dtype=np.uint8).reshape(height, width)
    return planes


def _rules(image: Image.Image) -> tuple[str, ...]:
    if image.format in _SAY_ALL:
        image.load()
        if image.mode == "RGB" and _PECULIAR.isdisjoint(image.info):
            return ()
    found = {
        TURNED: _is_turned(image),
        TRANSPARENT: image.has_transparency_data and _shows_through(image),
        DEEP: image.mode.startswith("I"),
    }
    return tuple(name for name, applies in found.items() if applies)


def _shows_through(image: Image.Image) -> bool:
    """Whether any pixel is less than opaque."""
    bands = image.getbands()
    alpha = image.getchannel(bands[-1]) if bands[-1] in "Aa" else image.convert("RGBA").getchannel("A")
    return bool(alpha.getextrema() != (255, 255))


def eight_bits(values: NDArray[np.generic]) -> Planes:
    """16-bit integers of any shape to 8 bits: round(v / 257), so that 65535 becomes 255 and 0 stays 0."""
    wide = values.astype(np.int64)
    if wide.size and (wide.min() < 0 or wide.max() > 65535):
        raise UnreadableError(f"integers in [0, 65535] were expected, found {wide.min()} to {wide.max()}")
    return ((wide + 128) // 257).astype(np.uint8)


def fit(image: Image.Image, size: Resize | None) -> Image.Image:
    """The largest centred square, resized by one of Pillow's filters on 8-bit RGB. An image that has that size already
    stays as it is, bit for bit; None changes nothing."""
    if size is None or image.size == (size.side, size.side):
        return image
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.resize((size.side, size.side), Image.Resampling[size.method.upper()])


@contextlib.contextmanager
def strict_about_size() -> Iterator[None]:
    """Makes an error of Pillow's own warning of too many pixels, which comes before `decode` can refuse them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise UnreadableError(f"{width} x {height} pixels are more than the {MAX_PIXELS} that are allowed")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
