"""Programs for those who work on Dateline; nothing of it is installed."""
