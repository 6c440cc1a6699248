"""What passes between levels."""
