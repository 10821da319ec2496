"""Curated voices out of the store, as a folder that training reads."""
