"""Bank files as people know them: a list of them, the slots of one, new ones dropped in."""
