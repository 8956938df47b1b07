"""The codes of a generator that was trained to show them, read back from its images (InfoGAN).

run = probe_codes("runs/infogan", CodesCall(samples=10_000))
run["code_accuracy"].value, run["code_information"].value
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprobe.core.calls.probing import CodesCall
from ganprobe.core.files import sha256_of
from ganprobe.core.results import Result
from ganprobe.engine.probing.generated import Answers, Probing
from ganprobe.engine.run import Run
from ganprobe.probes.codes.estimates import estimates_of
from ganprobe.probes.codes.reader import (
    STANDING_BATCH,
    STANDING_BATCHES,
    CodeReader,
    code_reader_of,
    codes_of,
    read_codes,
    settle,
)


def probe_codes(run: str | Path, call: CodesCall) -> Run:
    """Probe the run in a folder: results `code_accuracy` of its categorical codes, `code_correlation` of its continuous
    ones, and `code_information`.

    Errors: InputError for a generator without codes and a run without info, CheckpointError where its files do not fit.
    """
    root = Path(run)
    probing = Probing.begun(root, call)
    sampler, device = probing.sampler, probing.device
    reader = code_reader_of(root, codes_of(sampler, root))
    reader.discriminator.to(device)
    reader.head.to(device)
    settle(reader, sampler, seed=call.seed)
    protocol = _protocol(reader, call)
    plan = {**protocol, "files": [sha256_of(root / name) for name in ("D.safetensors", "tasks/info.safetensors")]}

    def ask(index: range) -> Answers:
        made = sampler.batch(index, seed=call.seed)
        return read_codes(reader, made.images.to(device), sampler.draw(index, seed=call.seed).z)

    found = estimates_of(probing.answers(ask, plan, title=f"codes of {root.name}"), reader.layout.categorical)
    seconds = probing.seconds
    return probing.record(
        [Result(name, value, "higher", "discriminator", protocol, seconds) for name, value in found.items()]
    )


def _protocol(reader: CodeReader, call: CodesCall) -> Mapping[str, Any]:
    return {
        "follows": "Chen et al. 2016",
        "reader": "the head that was trained with the generator, on the discriminator's last features",
        "categorical": list(reader.layout.categorical),
        "continuous": reader.layout.continuous,
        "batch_norms": f"statistics of generated images, mean over {STANDING_BATCHES} batches of {STANDING_BATCH}",
        "samples": call.samples,
        "interval": "of the samples, for the networks as they are",
    }
