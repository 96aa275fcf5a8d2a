"""The delivery side: finished documents, rendered once and served often, and the change log."""
