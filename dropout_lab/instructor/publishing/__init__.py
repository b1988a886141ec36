"""From the one source to everything that is handed out: lessons, stubs, releases, the site."""
