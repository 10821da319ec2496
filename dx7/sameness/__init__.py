"""Which voices are one sound, by rules on what cannot be heard."""
