"""Variants of one metric in one report: their words and their histograms."""

import io

import numpy as np
from PIL import Image
from report_fakes import make_record

from ganprobe.core.streams import stream
from ganprobe.report.figures.run import run_figures
from ganprobe.report.glossary import label_of, title_of, words_of
from ganprobe.report.records.pictures import RunPictures

PROTOCOLS = ("", "@stylegan", "@stylegan-crop", "@stylegan3")


def test_a_protocol_has_words_of_its_own_where_it_needs_them() -> None:
    assert "linear" in words_of("ppl_z_end@torch-fidelity").meaning
    assert "spherical" in words_of("ppl_z_end@stylegan").meaning
    assert title_of("lpips_diversity@embedded", "embedded") == "Perceptual diversity (embedded)"
    assert label_of("lpips_diversity", "lpips-vgg16-397923af") == "LPIPS diversity"
    assert label_of("ppl_w_end@stylegan-crop") == "PPL w end (stylegan-crop)"


def test_each_variant_has_a_histogram() -> None:
    heights = []
    for protocols in (PROTOCOLS[:1], PROTOCOLS):
        rng = stream(0, "histograms")
        distances = {f"ppl_w_end{protocol}": rng.lognormal(4, 1, 300) for protocol in protocols}
        figure = run_figures(make_record(), RunPictures(distances=distances))["path_lengths"]
        heights.append(Image.open(io.BytesIO(figure)).height)
        assert np.asarray(Image.open(io.BytesIO(figure)).convert("L")).min() < 100
    assert heights[1] > 2 * heights[0]
