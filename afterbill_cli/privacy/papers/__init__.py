"""The papers of data protection, in German and English: templates that a stack's own values are filled into."""
