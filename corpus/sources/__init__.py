"""Where banks come from: folders, archives within archives, and public collections on the web."""
