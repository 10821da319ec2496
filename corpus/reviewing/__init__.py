"""Second looks: whole families at once, lists of doubtful labels, and how far people agree."""
