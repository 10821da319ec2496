"""Looking at an export before it is written, and writing it."""
