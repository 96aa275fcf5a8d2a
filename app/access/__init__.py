"""Who may do what: keys, scopes, and the selections that readers ask for."""
