"""Parts of the Deck page: the serving queue, the session, recovery, the page without JavaScript."""
