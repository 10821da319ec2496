"""The pages, one a file: each draws, and asks ``corpus`` for whatever has to be known or decided."""
