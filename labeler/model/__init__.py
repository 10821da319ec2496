"""The training half as the app knows it: processes that it starts, files that it reads, never an import."""
