"""What can be heard of a sound, as numbers, and what is wrong with it."""
