"""The manifest compiled: a flat set of desired resources, every value canonical, each with its origin."""
