"""Export: curated voices as Parquet, by a policy."""
