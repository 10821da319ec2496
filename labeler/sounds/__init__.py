"""What the browser hears: voices rendered for it, and the HTTP routes it fetches them by."""
