"""The health of a stack: findings, and the page of them; pure."""
