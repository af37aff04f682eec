"""What the gateway costs: prices, its budget, what is left of the allocation, what was used."""
