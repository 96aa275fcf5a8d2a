"""The commands of editors, one in each file."""
