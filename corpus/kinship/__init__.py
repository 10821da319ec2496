"""Which voices are one sound, saved again and again."""
