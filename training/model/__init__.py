"""Arrays and settings, the encoding of voices, and the networks."""
