"""What the numbers of all models say: grades, claims, disagreement."""
