"""The parameter reference page, made from the table: ``python -m dx7 parameters --markdown > dx7/PARAMETERS.md``."""

from __future__ import annotations

from dx7.voices.parameters import OPERATORS, PARAMETERS, Parameter

_HEADER = """# The 145 parameters of a DX7 voice

Made from the table in `parameters.py`; a test fails when this page is stale. Operators stand in files in the order
6 to 1; operator 1's rows are shown, the others are alike, each 21 values or 17 packed bytes earlier. A stored value
plus its offset is what the panel shows. `packed` is byte.bit in the 128-byte layout of banks.

| index | name | packed | bits | stored | shown | kind | default |
|--:|---|--:|--:|---|---|---|--:|
"""


def rows() -> list[dict[str, object]]:
    """All 145 parameters as plain rows."""
    return [
        {
            "index": row.index,
            "name": row.name,
            "operator": row.operator,
            "packed_byte": row.packed_byte,
            "bit_offset": row.bit_offset,
            "bit_width": row.bit_width,
            "maximum": row.maximum,
            "kind": str(row.kind),
            "default": row.default,
            "display_offset": row.display_offset,
            "unit": row.unit,
            "choices": list(row.choices),
            "repaired_to": row.repaired_to,
        }
        for row in PARAMETERS
    ]


def markdown() -> str:
    """The reference page."""
    shown = [row for row in PARAMETERS if row.operator in (None, OPERATORS[-1])]
    return _HEADER + "".join(_line(row) for row in shown)


def _line(row: Parameter) -> str:
    if row.choices:
        values = ", ".join(row.choices)
    else:
        values = f"{row.shown(0)} to {row.shown(row.maximum)}" + (f" {row.unit}" if row.unit else "")
    packed = f"{row.packed_byte}.{row.bit_offset}"
    cells = (row.index, f"`{row.name}`", packed, row.bit_width, f"0..{row.maximum}", values, row.kind, row.default)
    return "| " + " | ".join(map(str, cells)) + " |\n"
