"""Changes to the insides of a dependency, one module each: why, what breaks without it, which versions, which test."""
