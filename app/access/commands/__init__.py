"""The commands of access control, one in each file."""
