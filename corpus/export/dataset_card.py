"""The dataset card of an export: a Markdown description of its voices."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from dx7.shared.export_format import SPLITS
from dx7.voices.parameters import PARAMETER_COUNT

_ORIGINS = {
    "person": "a person listened to this voice and labelled it",
    "propagated": "a person labelled a voice of its family, or a selection, including this one",
    "name_rule": "rules on the voice's names",
    "folder_rule": "rules on the folders it was found in",
    "family": "people labelled other voices of its family",
    "neighbours": "people labelled voices that sound like it",
    "ear": "a classifier of its sound, fitted to people's labels and to names",
}
_REASONS = {
    "filler": "INIT VOICE or silence, which fill up banks",
    "generated": "found only in cartridges that a model made",
    "silent": "no sound at any note, soft or hard",
    "garbage": "misaligned bytes, values out of range or unreadable names: not a DX7 voice",
    "broken": "a person marked it as broken",
    "unsure": "people listened and could not decide on a category",
    "disputed": "people agree on its category less than the policy demands",
    "no_category": "no label, and no suggestion with enough confidence",
    "other_of_family": "the export has another voice of its family (one sound, saved again)",
    "over_maximum": "its category has reached the policy's maximum",
}


def write_card(voices: pa.Table, facts: dict[str, Any]) -> str:
    """Markdown about the rows of an export and the voices left out. The same rows give the same text."""
    splits = voices["split"].to_pylist()
    mains = [keys[0] if keys else "" for keys in voices["categories"].to_pylist()]
    by_split = Counter(zip(mains, splits, strict=True))
    by_origin = Counter(zip(mains, voices["origin"].to_pylist(), strict=True))
    categories = sorted(Counter(mains).items(), key=lambda item: (-item[1], item[0]))
    policy = facts["policy"]
    origins = list(policy["least_confidence"])
    return "\n".join(
        [
            "# Curated Yamaha DX7 voices",
            "",
            f"{voices.num_rows:,} voices of {facts['voices_in_store']:,} in the store, one row each:",
            f"{PARAMETER_COUNT} parameters in range, its name, its categories (the main one first), their origin and",
            "confidence, its number of occurrences, and its split. `manifest.json` has these figures too.",
            "",
            f"Chosen by the policy *{policy['name']}*: {policy['about']}",
            "",
            "## Main categories",
            "",
            *_table(
                ["category", *SPLITS, "all"],
                [[key, *(by_split[key, split] for split in SPLITS), count] for key, count in categories],
            ),
            "",
            "## Origins of the categories",
            "",
            *_table(
                ["origin", "meaning", "least confidence", "voices"],
                [
                    [who, _ORIGINS[who], f"{least:g}", sum(by_origin[key, who] for key, _ in categories)]
                    for who, least in policy["least_confidence"].items()
                ],
            ),
            "",
            *_table(
                ["category", *origins],
                [[key, *(by_origin[key, who] for who in origins)] for key, _ in categories],
            ),
            "",
            "A person's answer overrules all suggestions. The origin of a suggestion is the source with the strongest",
            "evidence; the column `opinions` has the predictions of each source.",
            "",
            *_relaxed(facts["relaxed"]),
            "## Accuracy",
            "",
            *_control(facts["control"], [key for key, _ in categories]),
            "",
            "## Left out",
            "",
            *_table(
                ["reason", "meaning", "voices"],
                [
                    [reason, _REASONS.get(reason, "a health tag that the policy leaves out"), count]
                    for reason, count in facts["left_out"].items()
                ],
            ),
            "",
            "## Splits",
            "",
            f"The voices belong to {facts['families']:,} families: one sound, saved again with small changes. A family",
            "is in one split only, which its id alone determines; the same voices give the same splits.",
            "",
            "## Whose voices these are",
            "",
            "The voices come from banks that people have passed on for forty years, mostly without a licence or an",
            "author's name. Whether a set of parameters can be owned differs from country to country. Use this data to",
            "study and to train; do not publish it, or the voices in it, as your own.",
            "",
        ]
    )


def _relaxed(minima: list[dict[str, Any]]) -> list[str]:
    if not minima:
        return []
    return [
        "Categories with fewer confident voices than wanted, filled up with less confident ones:",
        "",
        *_table(
            ["category", "wanted", "exported", "of these below the least confidence", "down to"],
            [
                [
                    *(row[name] for name in ("category", "wanted", "voices", "taken")),
                    "-" if row["confidence"] is None else f"{row['confidence']:.2f}",
                ]
                for row in minima
            ],
        ),
        "",
    ]


def _control(control: dict[str, Any], categories: list[str]) -> list[str]:
    if not control["answered"]:
        return [
            "Not measured: no control answers. These are labels of voices that the deck draws at random; each is",
            "compared with the category that this policy would give the voice without the label.",
        ]
    overall = control["overall"]
    none: dict[str, Any] = {"count": 0, "rate": None}
    return [
        f"{control['answered']:,} labels were given to voices drawn at random. Without these labels, the policy has a",
        f"category for {overall['count']:,} of these voices, and {_share(overall)} of them equal the person's. Voices",
        "labelled in person or taken below the least confidence are not in these figures.",
        "",
        *_table(
            ["category", "compared", "right"],
            [
                [key, row["count"], _share(row)]
                for key in [*categories, *sorted(control["by_category"].keys() - set(categories))]
                for row in [control["by_category"].get(key, none)]
            ],
        ),
    ]


def _share(rate: dict[str, Any]) -> str:
    if rate["rate"] is None:
        return "not measured"
    return f"{rate['rate']:.0%} ({rate['low']:.0%} to {rate['high']:.0%})"


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"

    return [line(header), "|" + " --- |" * len(header), *(line(row) for row in rows)]
