"""`afterbill privacy`: show, restrict and remove what is stored about a person, with proof."""
