"""Detection of allowed uploads by their bytes, never by their names."""
