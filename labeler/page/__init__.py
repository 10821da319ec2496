"""What every page needs: settings, context, background jobs, plain text."""
