"""Function-level logging and tracing for Python."""
