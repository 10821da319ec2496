"""Cartridges in the making: 32 slots, how they are filled, kept on disk, judged and written."""
