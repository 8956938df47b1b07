"""StyleGAN2: against a plain writing-out of the paper's equations, and the laws of its spaces."""

from __future__ import annotations

from math import sqrt

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, StyleGAN2Generator
from ganprobe.generators.stylegan2.layers import ToRGB, upsample, upsampling_kernel

SMALL = StyleGAN2Config(resolution=16, z_dim=6, w_dim=5, mapping_layers=2, channel_base=64, channel_max=8)
LABELLED = StyleGAN2Config(
    resolution=8, z_dim=6, w_dim=5, num_classes=3, mapping_layers=2, channel_base=64, channel_max=8
)


def noisy(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def lively(config: StyleGAN2Config = SMALL, seed: int = 0) -> StyleGAN2Generator:
    """A generator without a parameter at its initial zero, so that a forgotten one shows."""
    generator = StyleGAN2Generator(config, seed=seed)
    for number, (name, parameter) in enumerate(generator.named_parameters()):
        if name.endswith(("bias", "noise_strength")):
            parameter.add_(0.3 * noisy(number, *parameter.shape))
    generator.w_avg.copy_(0.5 * noisy(77, config.w_dim))
    return generator.requires_grad_(False)


def zero_stuffed(x: Tensor) -> Tensor:
    n, channels, height, width = x.shape
    wide = torch.zeros(n, channels, 2 * height, 2 * width)
    wide[:, :, ::2, ::2] = x
    return wide


def filtered(x: Tensor, before: int, after: int) -> Tensor:
    """The filter of outer([1, 3, 3, 1]) / 16 at every place of the zero-padded image."""
    kernel = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 16
    padded = F.pad(x, [before, after, before, after])
    height, width = padded.shape[2] - 3, padded.shape[3] - 3
    shifts = [kernel[i, j] * padded[:, :, i : i + height, j : j + width] for i in range(4) for j in range(4)]
    return torch.stack(shifts).sum(0)


def written_out(generator: StyleGAN2Generator, ws: Tensor, noise: list[Tensor]) -> Tensor:
    """The synthesis network sample by sample, weights modulated one by one (Karras et al. 2020, equations 1 and 3)."""
    images = []
    for sample, rows in enumerate(ws):
        x, image = generator.const[None], None
        for index, layer in enumerate(generator.layers):
            style = F.linear(rows[index], layer.affine.weight / sqrt(len(rows[index])), layer.affine.bias)
            weight = layer.weight * style[None, :, None, None]
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
            if layer.up:
                # A convolution (kernel mirrored) of the zero-stuffed image, then the filter.
                wide = F.pad(zero_stuffed(x), [2, 1, 2, 1])
                x = filtered(F.conv2d(wide, weight.flip(2, 3)), 1, 1)
            else:
                x = F.conv2d(x, weight, padding=1)
            x = x + noise[index][sample % len(noise[index])] * layer.noise_strength + layer.bias[:, None, None]
            x = sqrt(2) * torch.where(x > 0, x, 0.2 * x)
            if index % 2 == 0:
                out = generator.to_rgb[str(x.shape[-1])]
                row = rows[index + 1]
                style = F.linear(row, out.affine.weight / sqrt(len(row)), out.affine.bias) / sqrt(x.shape[1])
                shown = F.conv2d(x, out.weight * style[None, :, None, None]) + out.bias[:, None, None]
                image = shown if image is None else filtered(zero_stuffed(image), 2, 1) + shown
        images.append(image)
    return torch.cat(images)


def test_synthesis_is_the_papers() -> None:
    generator = lively()
    ws = noisy(1, 3, *generator.spec.spaces["w+"])
    noise = [noisy(index, 3, 1, *shape) for index, shape in enumerate(generator.noise_shapes)]
    expected = written_out(generator, ws, noise)
    got = generator.synthesize(ws, space="w+", noise=noise)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_enlargement_keeps_a_flat_image_flat_inside() -> None:
    flat = upsample(torch.ones(1, 2, 6, 6), upsampling_kernel())
    assert flat.shape == (1, 2, 12, 12)
    torch.testing.assert_close(flat[:, :, 1:-1, 1:-1], torch.ones(1, 2, 10, 10))


def test_mapping_is_the_papers() -> None:
    generator = lively(LABELLED)
    z, labels = noisy(2, 4, 6), torch.tensor([0, 2, 1, 2])
    embedded = generator.label_embedding.weight[:, labels].T / sqrt(3) + generator.label_embedding.bias
    x = torch.cat([part / part.square().mean(1, keepdim=True).sqrt() for part in (z, embedded)], 1)
    for layer in generator.mapping:
        x = x @ (layer.weight * (0.01 / sqrt(x.shape[1]))).T + 0.01 * layer.bias
        x = sqrt(2) * torch.where(x > 0, x, 0.2 * x)
    torch.testing.assert_close(generator.map(z, labels), x, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match="labels"):
        generator.map(z)


def test_the_spaces_agree() -> None:
    generator = lively()
    z = noisy(3, 2, 6)
    w = generator.map(z)
    ws = w[:, None].expand(-1, generator.config.num_ws, -1)
    images = generator.synthesize(z, space="z")
    for latents, space in ((w, "w"), (ws, "w+"), (generator.styles(ws), "s")):
        assert tuple(latents.shape[1:]) == generator.spec.spaces[space]
        torch.testing.assert_close(generator.synthesize(latents, space=space), images)
    assert not torch.allclose(generator.synthesize(z, space="z", noise="zero"), images)


def test_every_row_and_every_style_counts() -> None:
    generator = lively()
    ws = noisy(4, 1, *generator.spec.spaces["w+"])
    images = generator.synthesize(ws, space="w+")
    for row in range(generator.config.num_ws):
        moved = ws.clone()
        moved[:, row] += 1
        assert not torch.allclose(generator.synthesize(moved, space="w+"), images), row
    styles, start = generator.styles(ws), 0
    for size in generator.style_sizes:
        moved = styles.clone()
        moved[:, start : start + size] *= 1.5
        moved[:, start] += 1
        assert not torch.allclose(generator.synthesize(moved, space="s"), images), start
        start += size


def test_truncation() -> None:
    generator = lively()
    w = noisy(5, 2, 5)
    ws = w[:, None].repeat(1, generator.config.num_ws, 1)
    ws[:, :3] = generator.w_avg + 0.5 * (ws[:, :3] - generator.w_avg)
    expected = generator.synthesize(ws, space="w+")
    torch.testing.assert_close(generator.synthesize(w, space="w", truncation=(0.5, 3)), expected)
    centre = generator.synthesize(generator.w_avg[None], space="w")
    torch.testing.assert_close(generator.synthesize(w[:1], space="w", truncation=0.0), centre)
    with pytest.raises(InputError, match="truncation"):
        generator.synthesize(generator.styles(ws), space="s", truncation=0.5)


def test_clamping_bounds_every_output_layer() -> None:
    loud = ToRGB(4, w_dim=3, clamp=0.5)
    torch.nn.init.constant_(loud.weight, 5.0)
    shown = loud(torch.ones(1, 4, 2, 2), torch.ones(1, 4))
    assert shown.abs().max() == 0.5
    free, clamped = (
        StyleGAN2Generator(StyleGAN2Config(resolution=8, z_dim=4, w_dim=4, channel_base=32, conv_clamp=limit), seed=1)
        for limit in (None, 0.1)
    )
    z = noisy(6, 2, 4)
    assert clamped.synthesize(z, space="z").abs().max() < free.synthesize(z, space="z").abs().max()


def test_the_seed_decides_everything() -> None:
    first, second, other = (StyleGAN2Generator(SMALL, seed=seed).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["layers.2.weight"], other["layers.2.weight"])
    assert not torch.equal(first["layers.2.noise_const"], other["layers.2.noise_const"])


def test_a_network_on_meta_keeps_its_filters() -> None:
    with torch.device("meta"):
        hollow = StyleGAN2Generator(SMALL)
    whole = lively()
    hollow.load_state_dict(whole.state_dict(), assign=True)
    z = noisy(7, 2, 6)
    assert torch.equal(hollow.synthesize(z, space="z"), whole.synthesize(z, space="z"))


def test_the_configuration_is_checked() -> None:
    for fields, reason in (
        ({"resolution": 12}, "power of two"),
        ({"resolution": 16, "num_classes": -1}, "num_classes"),
        ({"resolution": 16, "conv_clamp": 0.0}, "conv_clamp"),
        ({"resolution": 16, "mapping_lr_multiplier": 0.0}, "mapping_lr_multiplier"),
        ({"resolution": 16, "resample_filter": (1, 2, 1)}, "four symmetric taps"),
        ({"resolution": 16, "resample_filter": (1, 2, 3, 4)}, "four symmetric taps"),
    ):
        with pytest.raises(InputError, match=reason):
            StyleGAN2Config(**fields)
    with pytest.raises(InputError, match="latents must be one of"):
        lively().synthesize(noisy(1, 2, 7), space="z")
    assert ARCHITECTURES["stylegan2"].generator is StyleGAN2Generator
