"""Audio analysis: descriptors, embeddings, faults and the category classifier."""
