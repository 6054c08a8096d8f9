"""Runs a plan against a studio and proves it by looking again. Decides nothing."""
