"""The dataset card of an export: what it holds, for people."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa

from dx7.exchange import SPLITS
from dx7.parameters import PARAMETER_COUNT

_ORIGINS = {
    "person": "a person listened and said so",
    "propagated": "a person said so of a voice of the same family, or of a selection, and counted this one in",
    "name_rule": "the voice's names say so",
    "folder_rule": "the folders it was found in say so",
}
_REASONS = {
    "filler": "INIT VOICE or silence, which fill up banks",
    "generated": "found only in cartridges that a model made",
    "silent": "heard at no note, soft or hard",
    "garbage": "bytes off their places, stray values out of range, no readable name: it was something else",
    "broken": "a person found it broken",
    "unsure": "people listened and could not tell what it is",
    "no_category": "nobody has said what it is, and no rule is sure enough",
}


def write_card(voices: pa.Table, facts: dict[str, Any]) -> str:
    """Markdown about the rows of an export and what was left out. The same rows give the same text."""
    splits = voices["split"].to_pylist()
    mains = [keys[0] if keys else "" for keys in voices["categories"].to_pylist()]
    by_category = Counter(zip(mains, splits, strict=True))
    categories = sorted(Counter(mains).items(), key=lambda item: (-item[1], item[0]))
    return "\n".join(
        [
            "# Curated Yamaha DX7 voices",
            "",
            f"{voices.num_rows:,} voices of {facts['voices_in_store']:,} in the store, one row each:",
            f"{PARAMETER_COUNT} parameters in range, its name, its categories (the main one first), who said so and",
            "how surely, in how many slots it was found, and its split. `manifest.json` has these figures again.",
            "",
            "## Main categories",
            "",
            *_table(
                ["category", *SPLITS, "all"],
                [[key, *(by_category[key, split] for split in SPLITS), count] for key, count in categories],
            ),
            "",
            "## Who said so",
            "",
            *_table(
                ["origin", "meaning", "voices"],
                [
                    [who, _ORIGINS.get(who, ""), count]
                    for who, count in sorted(Counter(voices["origin"].to_pylist()).items())
                ],
            ),
            "",
            f"A suggestion of the rules counts from a confidence of {facts['least_confidence_of_suggestions']:g};",
            "a person's answer overrules all rules. Rules judge words, not sounds: expect errors.",
            "",
            "## Left out",
            "",
            *_table(
                ["reason", "meaning", "voices"],
                [
                    [reason, _REASONS.get(reason, "its health tag, which was asked to be left out"), count]
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


def _table(header: list[str], rows: list[list[Any]]) -> list[str]:
    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |"

    return [line(header), "|" + " --- |" * len(header), *(line(row) for row in rows)]
