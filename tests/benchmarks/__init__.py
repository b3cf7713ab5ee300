"""What things cost, measured on the machine at hand: `make bench`. Never asserted in a test."""
