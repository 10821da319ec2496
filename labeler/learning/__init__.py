"""What was learned from answers, and learning anew."""
