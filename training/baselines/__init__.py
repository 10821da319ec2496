"""Baseline designs, trained on the shipped design's training set and compared with it."""
