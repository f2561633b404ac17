"""The composition of a study: its configuration, plan, stages, and what each rule is given."""
