"""The tools that record answers and compare them."""
