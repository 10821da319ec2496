"""Public collections on the web, fetched politely into folders that ingest reads."""
