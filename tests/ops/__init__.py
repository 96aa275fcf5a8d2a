"""Operation: metrics, traces and deployment files."""
