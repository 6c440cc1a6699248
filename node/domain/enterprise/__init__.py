"""The enterprise file (一企一档): one for each enterprise, project or person that appeals, with everything that concerns it."""
