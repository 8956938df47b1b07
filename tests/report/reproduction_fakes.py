"""A made-up reproduction for the tests of its report: methods better, worse, missing and failed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from report_fakes import HOSTILE

from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.report.records.reproduction import (
    CurveFigure,
    CurveLine,
    CurvePoint,
    MeasuredRow,
    NumberColumn,
    NumberGroup,
    NumberTable,
    Reproduction,
    judged,
)

FD = NumberColumn(key="fid", label="FD", better="lower", paper_label="FID")
AGE = NumberColumn(key="age", label="age", better="higher", scale=100)
SMILE = NumberColumn(key="smile", label="smile", better="higher", scale=100)


def found(value: float, half: float = 0.196) -> Estimate:
    return normal_estimate(value, 10_000, (half / 1.96) ** 2)


def rows() -> tuple[MeasuredRow, ...]:
    return (
        MeasuredRow(method="baseline", recipe="x-baseline", values={"fid": (found(40),)}, paper={"fid": 25.39}),
        MeasuredRow(method="LT", recipe="x-lt", values={"fid": (found(35),)}, paper={"fid": 22.1}),
        MeasuredRow(
            method="CR", recipe="x-cr", values={"fid": (found(41),)}, paper={"fid": 18.72}, facts={"steps": "100"}
        ),
        MeasuredRow(method="CR+LT", recipe="x-cr-lt", paper={"fid": 17.56}, against=("CR",)),
        MeasuredRow(method=HOSTILE, recipe="x-ss", lacks={"fid": f"needs {HOSTILE}"}, paper={"fid": 22.88}),
    )


def table(id: str = "1", title: str = "FID of the methods") -> NumberTable:
    group = NumberGroup(title="SNDCGAN, CIFAR-10", rows=judged(rows(), (FD,)), differs=("1,000 of 200,000 steps",))
    return NumberTable(id=id, title=title, columns=(FD,), groups=(group,), note="A note.")


def wide_table() -> NumberTable:
    columns = (AGE, SMILE)
    measured = (
        MeasuredRow(
            method="baseline",
            recipe="x-baseline",
            values={"age": (found(0.6, 0.01),), "smile": (found(0.8, 0.01),)},
            paper={"age": 63.89, "smile": 86.1},
        ),
        MeasuredRow(
            method="SS",
            recipe="x-ss",
            values={"age": (found(0.605, 0.01),)},
            lacks={"smile": "no smile"},
            paper={"age": 67.28, "smile": 85.76},
        ),
    )
    group = NumberGroup(title="SNDCGAN", rows=judged(measured, columns))
    return NumberTable(id="2", title="Boundary accuracy", columns=columns, groups=(group,))


def curve() -> CurveFigure:
    points = tuple(CurvePoint(x / 10, 1 - abs(x - 5) / 20, (0.9 - abs(x - 5) / 20, 1.0)) for x in range(1, 10))
    lines = (CurveLine(name="LT " + HOSTILE, points=points, mark=0.5), CurveLine(name="StyleGAN", lacks="not yet"))
    return CurveFigure(id="figure-5", title="Accuracy", x="sigma", y="accuracy", lines=lines, chance=0.5)


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def reproduction(**more: Any) -> Reproduction:
    made: dict[str, Any] = {
        "title": "LT-GAN",
        "source": "Patel et al. 2021",
        "protocol": "Three runs.",
        "budget": "gpu",
        "says": ("Shorter.", "Features are embedded, not Inception's."),
        "tables": (table(), wide_table()),
        "figures": (curve(),),
        "failures": {"x-biggan": "the loss of D is not finite at step 3"},
        "trained": {"x-cr": {"steps": "100", "seconds": "3"}},
        "pictures": {"x-cr": picture()},
        "origin": {"torch": "2.5", "command": f"ganprobe reproduce {HOSTILE}"},
    }
    return Reproduction(**{**made, **more})
