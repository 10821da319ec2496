"""The dataset card of an export: what it holds, for people."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from dx7.shared.export_format import SPLITS
from dx7.voices.parameters import PARAMETER_COUNT

_ORIGINS = {
    "person": "a person listened and said so",
    "propagated": "a person said so of a voice of the same family, or of a selection, and counted this one in",
    "name_rule": "the voice's names say so",
    "folder_rule": "the folders it was found in say so",
    "family": "people said so of voices of its family",
    "neighbours": "people said so of voices that sound like it",
    "ear": "a model that was fitted to people's answers and to names hears it",
}
_REASONS = {
    "filler": "INIT VOICE or silence, which fill up banks",
    "generated": "found only in cartridges that a model made",
    "silent": "heard at no note, soft or hard",
    "garbage": "bytes off their places, stray values out of range, no readable name: it was something else",
    "broken": "a person found it broken",
    "unsure": "people listened and could not tell what it is",
    "disputed": "people agree less on what it is than the policy wants",
    "no_category": "nobody has said what it is, and no suggestion is sure enough",
    "other_of_family": "another voice of its family, one sound saved again, is here in its place",
    "over_maximum": "there are as many of its category as the policy wants",
}


def write_card(voices: pa.Table, facts: dict[str, Any]) -> str:
    """Markdown about the rows of an export and what was left out. The same rows give the same text."""
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
            f"{PARAMETER_COUNT} parameters in range, its name, its categories (the main one first), who said so and",
            "how surely, in how many slots it was found, and its split. `manifest.json` has these figures again.",
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
            "## Who said so",
            "",
            *_table(
                ["origin", "meaning", "counts from a confidence of", "voices"],
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
            "A person's answer overrules all suggestions. The origin of a suggestion is the source that says it the",
            "loudest; the column `opinions` has what each source said of a voice by itself.",
            "",
            *_relaxed(facts["relaxed"]),
            "## How often it is right",
            "",
            *_control(facts["control"], [key for key, _ in categories]),
            "",
            "## Left out",
            "",
            *_table(
                ["reason", "meaning", "voices"],
                [
                    [reason, _REASONS.get(reason, "its health tag, which the policy leaves out"), count]
                    for reason, count in facts["left_out"].items()
                ],
            ),
            "",
            "## Splits",
            "",
            f"The voices are of {facts['families']:,} families: one sound, saved again with a few parameters moved. A",
            "whole family is in one split, drawn from its id alone; the same voices give the same splits.",
            "",
            "## Whose voices these are",
            "",
            "The voices were collected from banks that people passed on for forty years, mostly without a licence or",
            "an author's name. Whether a set of parameters can be owned at all differs from country to country. Use",
            "this data to study and to train; do not publish it, or the voices in it, as your own.",
            "",
        ]
    )


def _relaxed(told: list[dict[str, Any]]) -> list[str]:
    if not told:
        return []
    return [
        "Categories with fewer sure voices than wanted, and how many less sure ones were taken instead:",
        "",
        *_table(
            ["category", "wanted", "here", "of these taken below the least confidence", "down to"],
            [
                [
                    *(row[name] for name in ("category", "wanted", "voices", "taken")),
                    "-" if row["confidence"] is None else f"{row['confidence']:.2f}",
                ]
                for row in told
            ],
        ),
        "",
    ]


def _control(control: dict[str, Any], categories: list[str]) -> list[str]:
    if not control["answered"]:
        return [
            "Not measured: no control answers. They are labels on voices that the deck draws by chance; each is",
            "compared with what this policy would have called the voice without it.",
        ]
    overall = control["overall"]
    none: dict[str, Any] = {"count": 0, "rate": None}
    return [
        f"{control['answered']:,} labels were given to voices drawn by chance. Had nobody answered these, the policy",
        f"would have labelled {overall['count']:,} of them, and {_share(overall)} with the main category that people",
        "heard. What was taken below the least confidence, and what people said in person, is not in these figures.",
        "",
        *_table(
            ["category", "judged", "right"],
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
