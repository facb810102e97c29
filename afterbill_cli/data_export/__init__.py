"""The page on which a customer reads all that is stored about them."""
