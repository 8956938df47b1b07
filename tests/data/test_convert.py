"""The conversion rule: each mode of a file against what its pixels mean, and what is refused."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganprobe.core.calls.resizing import Resize
from ganprobe.data.convert import (
    DEEP,
    MAX_PIXELS,
    TRANSPARENT,
    TURNED,
    UnreadableError,
    decode,
    decoded,
    eight_bits,
    fit,
    strict_about_size,
)

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (6, 5, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_rgb_is_kept_bit_for_bit(kind: str) -> None:
    assert np.array_equal(decode(encoded(Image.fromarray(RGB), kind)), RGB.transpose(2, 0, 1))


@pytest.mark.parametrize("side", [63, 64, 65, 300])
def test_images_of_any_size_are_kept_bit_for_bit(side: int) -> None:
    picture = RNG.integers(0, 256, (side, side + 1, 3), dtype=np.uint8)
    planes = decode(encoded(Image.fromarray(picture), compress_level=0))
    assert np.array_equal(planes, picture.transpose(2, 0, 1))
    assert planes.flags.writeable
    assert planes.flags.c_contiguous


def test_grey_is_repeated() -> None:
    planes = decode(encoded(Image.fromarray(RGB[..., 0])))
    assert np.array_equal(planes, np.stack([RGB[..., 0]] * 3))


def test_one_bit_becomes_black_and_white() -> None:
    bits = RGB[..., 0] > 127
    assert np.array_equal(decode(encoded(Image.fromarray(bits)))[0], np.where(bits, 255, 0))


def test_alpha_is_composited_on_white() -> None:
    alpha = RNG.integers(0, 256, (6, 5, 1), dtype=np.uint8)
    alpha[0, 0], alpha[0, 1] = 0, 255
    planes = decode(encoded(Image.fromarray(np.concatenate([RGB, alpha], axis=2))))
    share = alpha / 255
    expected = (RGB * share + 255 * (1 - share)).transpose(2, 0, 1)
    assert np.abs(planes - expected).max() <= 1
    assert planes[:, 0, 0].tolist() == [255, 255, 255]
    assert planes[:, 0, 1].tolist() == RGB[0, 1].tolist()


def test_grey_with_alpha_is_composited_on_white() -> None:
    pixels = np.stack([np.full((2, 2), 100), np.array([[0, 255], [51, 204]])], axis=2).astype(np.uint8)
    assert decode(encoded(Image.fromarray(pixels, "LA")))[1].tolist() == [[255, 100], [224, 131]]


def palette_image() -> Image.Image:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 100, 50, 1, 2, 3])
    image.putdata([0, 1, 2])
    return image


def test_palette_is_looked_up() -> None:
    assert decode(encoded(palette_image()))[:, 0].T.tolist() == [[10, 20, 30], [200, 100, 50], [1, 2, 3]]


@pytest.mark.parametrize(("kind", "transparency"), [("PNG", 1), ("PNG", b"\xff\x00\xff"), ("GIF", 1)])
def test_transparent_palette_entry_becomes_white(kind: str, transparency: int | bytes) -> None:
    planes = decode(encoded(palette_image(), kind, transparency=transparency))
    assert planes[:, 0].T.tolist() == [[10, 20, 30], [255, 255, 255], [1, 2, 3]]


def test_transparent_colour_of_an_rgb_file_becomes_white() -> None:
    planes = decode(encoded(Image.fromarray(RGB), transparency=tuple(int(v) for v in RGB[2, 3])))
    assert planes[:, 2, 3].tolist() == [255, 255, 255]
    assert planes[:, 0, 0].tolist() == RGB[0, 0].tolist()


def test_cmyk_multiplies_ink_and_black() -> None:
    inks = RNG.integers(0, 256, (4, 4, 4), dtype=np.uint8)
    planes = decode(encoded(Image.fromarray(inks, "CMYK"), "TIFF"))
    wide = 255 - inks.astype(np.float64)
    expected = (wide[..., :3] * wide[..., 3:] / 255).transpose(2, 0, 1)
    assert np.abs(planes - expected).max() <= 1


def test_cmyk_jpeg_is_upright_in_colour() -> None:
    planes = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=95))
    assert planes[0].min() > 240
    assert planes[1:].max() < 15


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65535]], dtype=np.uint16)
    assert decode(encoded(Image.fromarray(values), kind))[2, 0].tolist() == [0, 0, 1, 1, 128, 255]


def test_thirty_two_bit_integers_are_read_as_sixteen() -> None:
    assert decode(encoded(Image.fromarray(np.array([[0, 65535]], dtype=np.int32)), "TIFF"))[0, 0].tolist() == [0, 255]
    with pytest.raises(UnreadableError, match=r"\[0, 65535\] were expected, found 0 to 70000"):
        decode(encoded(Image.fromarray(np.array([[0, 70000]], dtype=np.int32)), "TIFF"))


def test_float_pixels_are_refused() -> None:
    with pytest.raises(UnreadableError, match="no known range"):
        decode(encoded(Image.fromarray(np.zeros((2, 2), dtype=np.float32)), "TIFF"))


@given(st.integers(0, 65535))
def test_eight_bits_rounds_to_the_nearest(value: int) -> None:
    assert int(eight_bits(np.array([value], dtype=np.uint16))[0]) == round(value / 257)


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda a: a),
        (2, lambda a: a[:, ::-1]),
        (3, lambda a: a[::-1, ::-1]),
        (4, lambda a: a[::-1]),
        (5, lambda a: a.transpose(1, 0, 2)),
        (6, lambda a: np.rot90(a, -1)),
        (7, lambda a: a[::-1, ::-1].transpose(1, 0, 2)),
        (8, lambda a: np.rot90(a, 1)),
    ],
)
def test_exif_orientation_is_applied(orientation: int, turn) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    planes = decode(encoded(Image.fromarray(RGB), exif=exif))
    assert np.array_equal(planes, turn(RGB).transpose(2, 0, 1))


def test_exif_orientation_of_a_jpeg() -> None:
    picture = np.zeros((16, 32, 3), dtype=np.uint8)
    picture[:, :16] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    planes = decode(encoded(Image.fromarray(picture), "JPEG", quality=95, exif=exif))
    assert planes.shape == (3, 32, 16)
    assert planes[:, :14].min() > 200
    assert planes[:, 18:].max() < 50


def _png(chunk: bytes, data: bytes, *, last: bool) -> bytes:
    """RGB with one more chunk, behind the pixels or before them."""
    plain = encoded(Image.fromarray(RGB))
    more = len(data).to_bytes(4, "big") + chunk + data + zlib.crc32(chunk + data).to_bytes(4, "big")
    place = plain.rindex(b"IEND" if last else b"IDAT") - 4
    return plain[:place] + more + plain[place:]


_TURN = Image.Exif()
_TURN[0x0112] = 6
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'
_HEX = (b"Exif\0\0" + _TURN.tobytes().removeprefix(b"Exif\0\0")).hex()
_PROFILE = b"Raw profile type exif\0\0" + zlib.compress(f"\nexif\n{len(_HEX) // 2:8}\n{_HEX}\n".encode())


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    ("chunk", "data"),
    [
        (b"eXIf", _TURN.tobytes().removeprefix(b"Exif\0\0")),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _XMP),
        (b"zTXt", _PROFILE),
    ],
)
def test_a_png_is_turned_wherever_it_says_so(chunk: bytes, data: bytes, *, last: bool) -> None:
    planes, rules = decoded(_png(chunk, data, last=last))
    assert rules == (TURNED,)
    assert np.array_equal(planes, np.rot90(RGB, -1).transpose(2, 0, 1))


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {"xmp": _XMP}), ("WEBP", {"xmp": _XMP, "lossless": True})])
def test_what_xmp_says_turns_other_files_too(kind: str, options: dict[str, object]) -> None:
    planes, rules = decoded(encoded(Image.fromarray(RGB), kind, **options))
    assert (planes.shape, rules) == ((3, 5, 6), (TURNED,))


@pytest.mark.parametrize(("kind", "options"), [("TIFF", {}), ("WEBP", {"lossless": True})])
def test_exif_orientation_of_other_files(kind: str, options: dict[str, object]) -> None:
    planes, rules = decoded(encoded(Image.fromarray(RGB), kind, exif=_TURN, **options))
    assert (planes.shape, rules) == ((3, 5, 6), (TURNED,))


def test_a_transparent_colour_of_an_rgb_image_is_white() -> None:
    picture = RGB.copy()
    picture[1, 2] = 10, 20, 30
    planes, rules = decoded(encoded(Image.fromarray(picture), transparency=(10, 20, 30)))
    assert rules == (TRANSPARENT,)
    assert planes[:, 1, 2].tolist() == [255, 255, 255]
    assert planes[:, 0, 0].tolist() == picture[0, 0].tolist()


def test_fit_crops_the_centre_and_leaves_the_right_size_alone() -> None:
    wide = np.zeros((4, 8, 3), dtype=np.uint8)
    wide[:, 2:6] = 200
    assert np.array_equal(np.asarray(fit(Image.fromarray(wide), Resize(4))), np.full((4, 4, 3), 200))
    same = Image.fromarray(RGB[:5, :5])
    assert np.array_equal(np.asarray(fit(same, Resize(5))), RGB[:5, :5])
    assert np.array_equal(np.asarray(fit(same, None)), RGB[:5, :5])


def test_resizing_is_antialiased() -> None:
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = decode(encoded(Image.fromarray(stripes)), size=Resize(8))
    assert small.shape == (3, 8, 8)
    assert abs(small.astype(float) - 127.5).max() < 8


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not an image"),
        (b"only words", "not an image"),
        (encoded(Image.fromarray(RGB))[:60], "truncated|broken|cut|EOF"),
        (encoded(Image.new("RGB", (64, 64), "red"), "JPEG")[:-40], "truncated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
    ],
)
def test_what_is_no_whole_image_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        decode(data)


@pytest.mark.parametrize("side", [8200, 10_000, 20_000])
def test_an_image_too_large_is_refused_before_it_is_decoded(side: int) -> None:
    assert side * side > MAX_PIXELS
    small = encoded(Image.new("1", (8, 8)))
    claimed = small[:16] + side.to_bytes(4, "big") * 2
    with strict_about_size(), pytest.raises(UnreadableError, match="pixels"):
        decode(claimed + _crc(claimed[12:29] + small[24:29]) + small[33:])


def _crc(chunk: bytes) -> bytes:
    rest = chunk[-5:]
    return rest + zlib.crc32(chunk).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("image", "options", "rules"),
    [
        (Image.fromarray(RGB), {}, ()),
        (Image.fromarray(RGB).convert("RGBA"), {}, ()),
        (Image.new("RGBA", (4, 2), (9, 9, 9, 128)), {}, (TRANSPARENT,)),
        (Image.new("LA", (4, 2), (9, 0)), {}, (TRANSPARENT,)),
        (palette_image(), {"transparency": 0}, (TRANSPARENT,)),
        (Image.fromarray(np.full((2, 4), 40_000, np.uint16)), {}, (DEEP,)),
    ],
)
def test_what_peers_do_otherwise_is_said(
    image: Image.Image, options: dict[str, object], rules: tuple[str, ...]
) -> None:
    assert decoded(encoded(image, **options)).rules == rules


def test_what_is_turned_is_said() -> None:
    exif = Image.Exif()
    for orientation, rules in ((1, ()), (6, (TURNED,)), (0, ())):
        exif[0x0112] = orientation
        assert decoded(encoded(Image.fromarray(RGB), exif=exif)).rules == rules
