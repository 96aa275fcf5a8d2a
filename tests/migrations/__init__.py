"""The schema: what the models say is what the migrations make, on both databases."""
