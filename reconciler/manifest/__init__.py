"""The YAML: its models, loading with a place for every error, the published schema."""
