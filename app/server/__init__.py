"""An HTTP/1.1 server protocol for uvicorn, which knows nothing of the application it serves."""
