"""What the loops do when time passes."""
