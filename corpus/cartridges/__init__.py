"""Cartridges that people build: 32 slots, filled, rated, saved and written."""
