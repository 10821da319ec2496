"""Analysis of the stored voices: descriptors, health, families, search, similarity, the map."""
