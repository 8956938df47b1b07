"""directions.json as the record of a report: what each method measures of a direction, and what it means in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.report.format import count, flat, number, short
from ganprobe.report.records.directions import DirectionCard, DirectionsRecord, Distances, Fact, Frames, Key, Mended
from ganprobe.report.records.moved import Moved

METHOD_NAMES: Final = {
    "interfacegan": "InterFaceGAN",
    "sefa": "SeFa",
    "ganspace": "GANSpace",
    "stylespace": "StyleSpace",
    "steer": "steering",
}
_MEANINGS: Final = {
    "validation": "The share of the held-out samples of highest and lowest score on its own side of the boundary.",
    "remaining_median": "The same of the samples in between, parted at the median of their scores.",
    "share": "Its eigenvalue's share of the sum of all: how much of what the weights do to the styles lies along it.",
    "explained": "The share of the variance of the latents that lies along it.",
    "explained_so_far": "The same, together with all components before it.",
    "cosine_with_primal": "Its cosine with the direction before the condition.",
    "attribution": "How far the channel differs between the samples of highest and of lowest score, in deviations.",
    "effect": "Change of its attribute's score for a strength of 1, in standard deviations.",
    "off_target": "The same, mean magnitude over the other attributes.",
    "localisation": "The share of the change that falls in the densest sixteenth of the image; 0.06 is spread evenly.",
    "slope": "How much of the amount asked for comes about, by registration: 1 does as it is told.",
    "holds_low": "The farthest amount downwards of which at least half comes about.",
    "holds_high": "The farthest amount upwards of which at least half comes about.",
    "per_strength": "The amount that a strength of 1 asks for.",
    "fd_low": "Fréchet distance of the farthest edits downwards to the unedited images.",
    "fd_high": "The same, upwards.",
    "fd_floor": "The same between two sets of unedited images: what lies near it has not strayed.",
}


def found_record(numbers: Mapping[str, Any], frames: Mapping[Key, Frames]) -> DirectionsRecord:
    """numbers: as `Found.to_json` gives them. frames: of every direction, and of those that mend entangled ones."""
    moved = _moved(numbers.get("moved", {}))
    slopes = {(row["space"], row["name"]): row["scores"].get("slope") for row in numbers["directions"]}
    moved = {key: replace(each, told=slopes.get(key)) for key, each in moved.items()}
    separations = {(each["space"], each["attribute"]): each for each in numbers.get("separations", ())}
    mended = _mended(numbers, frames, moved)
    cards = []
    for row in numbers["directions"]:
        key = (row["space"], row["name"])
        if key not in frames:
            continue
        separation = separations.get(key)
        cards.append(
            DirectionCard(
                name=row["name"],
                space=row["space"],
                moved=moved.get(key, Moved()),
                frames=frames[key],
                about=_about(row, numbers),
                facts=_separation_facts(separation) if separation else _score_facts(row["scores"]),
                distances=_distances(separation) if separation else None,
                table=_steering_table(row["name"], numbers),
                mended=mended.get(key),
            )
        )
    method = METHOD_NAMES.get(numbers["method"], numbers["method"])
    left = len(numbers["directions"]) - len(cards)
    return DirectionsRecord(
        generator=numbers["generator"]["name"],
        kind=f"Directions by {method}",
        cards=tuple(cards),
        facts=_facts(numbers),
        tables=_tables(numbers),
        untold=numbers.get("untold", {}),
        origin=_origin(numbers),
        note=f"{count(left)} more directions are in directions.json; a page holds no more than these." if left else "",
    )


def edit_record(
    generator: str,
    row: Mapping[str, Any],
    moved: Mapping[str, Any],
    frames: Frames,
    *,
    also: Mapping[str, float],
    grid: str,
    origin: Mapping[str, str],
) -> DirectionsRecord:
    """The report of an edit along one direction. row: of the direction, as directions.json has it. moved: what was
    measured of it. also: further directions with their strengths in every frame. grid: the direction of the rows."""
    name, space = row["name"], row["space"]
    beside = [f"{other} by {strength:+.3g}" for other, strength in also.items()]
    about = [f"Every frame is moved along {', '.join(beside)} as well."] if beside else []
    about += [f"The rows are one sample at strengths of {grid}: {', '.join(frames.rows)}."] if grid else []
    card = DirectionCard(
        name=name,
        space=space,
        moved=_moved(moved).get((space, name), Moved()),
        frames=frames,
        about=" ".join(about),
        facts=_score_facts(row["scores"]),
    )
    facts = {"strengths": f"{frames.strengths[0]:g} to {frames.strengths[-1]:g}", "seed": origin["seed"]}
    return DirectionsRecord(
        generator=generator,
        kind=f"Edit along {name}",
        cards=(card,),
        facts=facts,
        origin=origin,
        source="",
        samples="",
    )


def _moved(said: Mapping[str, Any]) -> dict[Key, Moved]:
    return {
        (row["space"], row["name"]): Moved(
            target=row.get("target"),
            changes={name: _estimate(each) for name, each in row.get("changes", {}).items()},
            drift=_estimate(row["drift"]) if "drift" in row else None,
            apart=said.get("apart", 0.0),
            start=said["from"],
            end=said["to"],
        )
        for row in said.get("directions", ())
    }


def _mended(numbers: Mapping[str, Any], frames: Mapping[Key, Frames], moved: Mapping[Key, Moved]) -> dict[Key, Mended]:
    """The entangled directions with those that mend them."""
    found = {}
    for space, rows in numbers.get("entangled", {}).items():
        for row in rows:
            key = (space, row.get("mended", ""))
            if key in frames:
                found[space, row["attribute"]] = Mended(
                    others=row["others"],
                    condition=row["condition"],
                    name=key[1],
                    moved=moved.get(key, Moved()),
                    frames=frames[key],
                )
    return found


def _estimate(said: Mapping[str, Any]) -> Estimate:
    ends = said.get("ci95") or None
    return Estimate(said["value"], None if ends is None else (ends[0], ends[1]), said["n"])


def _separation_facts(said: Mapping[str, Any]) -> tuple[Fact, ...]:
    held_out, remaining = _estimate(said["validation"]), said["remaining"]
    facts = [
        Fact(
            "validation",
            held_out,
            f"Of {count(held_out.n)} samples of highest and lowest score that were held out, the share on its own side "
            "of the boundary. Chance is 0.5.",
        )
    ]
    names = {"median": "the median of the scores", "midrange": "the middle of their range"}
    for name, where in names.items():
        if name in remaining:
            accuracy, above = _estimate(remaining[name]), float(remaining[name]["positives"])
            usual = max(above, 1 - above)
            low = accuracy.value if accuracy.ci95 is None else accuracy.ci95[0]
            no_better = " It is not known to do better." if low <= usual else ""
            facts.append(
                Fact(
                    f"remaining ({name})",
                    accuracy,
                    f"Of the {count(accuracy.n)} samples in between, parted at {where}, the share on its own side. "
                    f"Always giving the commoner answer gets {usual:.2f}.{no_better}",
                )
            )
    return tuple(facts)


def _score_facts(scores: Mapping[str, float]) -> tuple[Fact, ...]:
    known = [(name, scores[name]) for name in _MEANINGS if name in scores]
    return tuple(Fact(name.replace("_", " "), Estimate(value, None, 0), _MEANINGS[name]) for name, value in known)


def _distances(said: Mapping[str, Any]) -> Distances | None:
    counts, spread = said.get("distances"), said["spread"]
    if counts is None or not spread > 0:
        return None
    return Distances(
        edges=tuple(edge / spread for edge in counts["edges"]),
        low=tuple(counts["low"]),
        rest=tuple(counts["rest"]),
        high=tuple(counts["high"]),
    )


def _about(row: Mapping[str, Any], numbers: Mapping[str, Any]) -> str:
    method, layers = numbers["method"], row.get("layers")
    where = "" if layers is None else f" It moves the layers {', '.join(map(str, layers))}."
    if "cosine_with_primal" in row["scores"]:
        return "A boundary's normal made orthogonal to those of other attributes." + where
    return {
        "interfacegan": "The normal of the boundary between the samples of highest and of lowest score.",
        "sefa": "An eigenvector of the weights that make the styles of it.",
        "ganspace": "A principal component of the latents.",
        "stylespace": "A single channel of the styles.",
        "steer": "Sought by optimisation for a factor of the image that is known.",
    }.get(method, "") + where


def _steering_table(name: str, numbers: Mapping[str, Any]) -> DetailTable | None:
    said = numbers.get("steering", {}).get("factors", {}).get(name)
    if said is None:
        return None
    achieved = said["achieved"]
    parts: Sequence[Sequence[float]] = (achieved["median"], achieved["low"], achieved["high"], said["fd"])
    rows = {f"{amount:.3g}": tuple(each) for amount, *each in zip(said["requested"], *parts, strict=True)}
    return detail_table(
        f"steer_{name}",
        f"Asked for, and what came about ({said['unit']})",
        rows,
        columns=("achieved, median", "lower quartile", "upper quartile", "FD to the unedited"),
        note=f"Two unedited sets of images are {number(said['fd_floor'])} apart.",
    )


def _tables(numbers: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    tables = [
        _matrix(f"cosines_{space}", f"Cosines of the directions in {space}", said)
        for space, said in numbers.get("cosines", {}).items()
    ]
    if "score_correlation" in numbers:
        tables.append(_matrix("score_correlation", "Correlations of the scores", numbers["score_correlation"]))
    return tuple(tables)


def _matrix(name: str, title: str, said: Mapping[str, Any]) -> DetailTable:
    rows = dict(zip(said["names"], said["matrix"], strict=True))
    return detail_table(name, title, rows, columns=said["names"], kind="matrix")


def _facts(numbers: Mapping[str, Any]) -> dict[str, str]:
    samples = numbers["provenance"].get("samples")
    facts = {"directions": count(len(numbers["directions"]))}
    facts |= {"spaces": ", ".join(dict.fromkeys(row["space"] for row in numbers["directions"]))}
    facts |= {"samples": count(samples)} if isinstance(samples, int) else {}
    return facts | {"seed": str(numbers["seed"])}


def _origin(numbers: Mapping[str, Any]) -> dict[str, str]:
    generator = numbers["generator"]
    fingerprint = generator.get("fingerprint")
    name = generator["name"] + ("" if fingerprint is None else f" {short(fingerprint)}")
    return {"generator": name, "method": numbers["method"], "seed": str(numbers["seed"]), **flat(numbers["provenance"])}
