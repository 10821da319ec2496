"""The commands of ``python -m dx7``, and what the commands of all packages share."""
