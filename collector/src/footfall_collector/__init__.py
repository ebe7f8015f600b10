"""Footfall collector."""
