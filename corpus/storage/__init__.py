"""The DuckDB store: its tables, opening it, copies, backups, and whether it is sound."""
