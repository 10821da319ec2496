"""The commands of ``python -m corpus``."""
