"""Suggestions: weak labels, the label model, the category classifier, and the queue of what to ask next."""
