"""The background loops as time passes."""
