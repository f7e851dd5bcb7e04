"""How right the tension is: published checks, and mixtures with a known truth."""
