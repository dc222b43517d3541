"""Tests of dynamic mode."""
