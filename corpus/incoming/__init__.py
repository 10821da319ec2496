"""Files on their way in: folders, archives within archives, and the places they stand at."""
