"""The delivery side below HTTP: its queries and their costs."""
