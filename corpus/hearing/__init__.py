"""What was heard of every voice, and what is wrong with it."""
