"""Every text that a person reads, by code, in Chinese and English."""
