"""The canonical form of a voice: two voices that must sound the same have the same one."""
