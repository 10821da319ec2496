"""Drawing voices with a finished model. Nothing here imports JAX."""
