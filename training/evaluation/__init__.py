"""Evaluation of a model against held-out human voices and naive generators: figures, and a page with sounds."""
