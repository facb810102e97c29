"""What `make` runs: local stack, demo, laboratory, gallery, generators and set-up. It is in no wheel."""
