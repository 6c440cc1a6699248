"""Meetings: joint judgement, coordination, consultation, study: convened, held, decided item by item, closed with their minutes."""
