"""Sites of one ion, the barriers between them, and what they make of its motion."""
