"""What the engine may touch, what it hides, and how much of it one connection may use."""
