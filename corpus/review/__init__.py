"""Review: whole families, doubtful labels, and agreement between labellers."""
