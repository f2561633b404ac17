"""How YAML becomes settings: kinds of values, and a sentence for each mistake. Knows no stage."""
