"""Parts of the Families and Review pages: families, cases and agreement as tiles and panels."""
