"""What was asked of a segment afterwards: why somebody is in it, what another definition would do, and the way back."""
