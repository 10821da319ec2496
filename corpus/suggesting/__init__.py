"""What a machine thinks of a voice, from its names and folders."""
