"""A DX7 voice: its 145 parameters, its two byte layouts, its name and its identity."""
