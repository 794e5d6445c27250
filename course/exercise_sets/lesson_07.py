"""Exercises of lesson 07."""

EXERCISES = []
