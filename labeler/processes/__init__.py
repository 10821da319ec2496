"""Commands of ``corpus`` and ``training`` that the app runs as processes, and the files that they write."""
