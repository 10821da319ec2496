"""People's answers: journals, whom to ask about next, and labels from and for other programs."""
