"""The scanner laboratory: robots and people use the links of mails, through the real code; docs/answer-integrity.md."""
