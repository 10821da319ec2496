"""What both halves know of a wish to a model: how far variations may go, and how boldly it may choose."""

from __future__ import annotations

AMOUNTS = {"touch": 0.1, "variation": 0.3, "cousin": 1.0}  # how far from a favourite, in words
LEAST_AMOUNT, MOST_AMOUNT = 0.01, 1.0
PLAINEST, USUAL_TEMPERATURE, BOLDEST = 0.3, 1.0, 2.0  # temperatures of choices
