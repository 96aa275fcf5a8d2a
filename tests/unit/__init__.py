"""The small parts by themselves, many of them on any input at all."""
