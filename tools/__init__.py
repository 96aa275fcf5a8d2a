"""Development tools; none of them is installed."""
