"""Pictures of traces: text for terminals, files for other tools, objects for notebooks."""
