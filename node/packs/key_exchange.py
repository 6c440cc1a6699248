"""The schema's rows for what levels send one another: letters, and who may put a ticket to the level above on what conditions."""

from node.packs.key import flag, limit, names

EXCHANGE = (
    limit("guidance_answer", "the superior answers a request for guidance"),
    limit("issue_answer", "the top of the tree answers a platform issue"),
    limit("file_decision", "the office decides about a calendar or a pack that was handed down"),
    names("letters.issue_topics", "what a platform issue may be about", required=True),
    names("letters.issue_results", "what may become of a platform issue", required=True),
    flag("escalation.consultation_required", "what crosses regions, levels or industries goes up only after its recorded consultation"),
)
