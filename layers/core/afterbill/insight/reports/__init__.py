"""Reports: what is asked of the archive in SQL that both engines take, and what is said of the counts."""
