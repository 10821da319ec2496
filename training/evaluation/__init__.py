"""How good a model is, beside human voices that it never saw and simple tricks: figures, and a page with sounds."""
