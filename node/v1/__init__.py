"""Generated from proto/node/v1; never edited (`make proto`)."""
