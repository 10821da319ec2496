"""Limits of a generation request: the amount of variation and the sampling temperature."""

from __future__ import annotations

AMOUNTS = {"touch": 0.1, "variation": 0.3, "cousin": 1.0}  # named distances from a favourite
LEAST_AMOUNT, MOST_AMOUNT = 0.01, 1.0
PLAINEST, USUAL_TEMPERATURE, BOLDEST = 0.3, 1.0, 2.0  # sampling temperatures
