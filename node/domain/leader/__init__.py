"""Leaders as the node knows them: posts with a term, what they are linked to, and what was put before them."""
