"""What images somebody has, in which form, and what they are."""
