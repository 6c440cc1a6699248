"""
Suggestions: which department, which class, which earlier need is the same.

Everything here proposes, with its reasons; a person decides, and what was shown is kept beside what was chosen (FJ25-3.7.2a,
AS25-4.2.1.2a).  It works on the node itself, without a network; nothing is tuned on the samples that measure it.
"""
