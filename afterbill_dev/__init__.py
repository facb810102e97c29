"""Tools that `make` runs: local stack, demo, laboratory, gallery, generators and set-up. They are in no wheel."""
