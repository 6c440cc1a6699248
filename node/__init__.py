"""What one level does alone."""
