"""The deck: one voice at a time, one key an answer, the next one sounds at once."""
