"""The design as tests: layers, sizes, documentation that keeps up with the code."""
