"""What an editor can do: one verb, one file."""
