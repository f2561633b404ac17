"""The stages of a study, one folder each."""
