"""The commands of push: one in each file."""
