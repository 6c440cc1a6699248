"""Generated from proto/federation/v1; never edited (`make proto`)."""
