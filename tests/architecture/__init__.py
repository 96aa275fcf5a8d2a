"""The design as tests: layers, sizes, and documentation that matches the code."""
