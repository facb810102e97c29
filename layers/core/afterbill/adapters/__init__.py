"""What stands behind the ports: AWS, and working twins in memory."""
