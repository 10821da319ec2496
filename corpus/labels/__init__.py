"""Labels: journals of answers, their projection into the store, consensus, import and export of labels."""
