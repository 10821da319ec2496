"""File formats that hold DX7 voices: reading all of them, writing cartridges."""
