"""What the other packages share: where data is kept, the categories, the export format, the run folder."""
