"""The delivery side below HTTP: what is read, and at what cost."""
