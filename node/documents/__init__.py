"""Printed forms and lists: one model of a paper, printed as HTML and as docx; lists as xlsx (USERS B14)."""
