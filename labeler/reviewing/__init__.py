"""How families, cases and figures of agreement look: as tiles of a rack, and as a panel above it."""
