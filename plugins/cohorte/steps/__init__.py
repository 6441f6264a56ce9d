"""What runs: one function a step, in the order land, build, gate, train, assign, activate, maintain."""
