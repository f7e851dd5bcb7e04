"""Tuning: identify the response, choose parameters, and show the margins."""
