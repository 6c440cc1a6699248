"""Letters between levels: notices, calendars and packs downward, requests for guidance and platform issues upward; one dossier each."""
