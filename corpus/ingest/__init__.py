"""Ingest: files into the store, with a report that accounts for every file and voice."""
