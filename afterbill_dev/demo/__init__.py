"""The whole loop on one machine: customers, invoices, surveys, answers, a score and its recount."""
