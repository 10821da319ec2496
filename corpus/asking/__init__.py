"""What to ask a person about next, and why."""
