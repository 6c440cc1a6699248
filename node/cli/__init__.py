"""The command line: for operators and scripts.  Thin: each verb reads what was typed, calls one function and shows its answer."""
