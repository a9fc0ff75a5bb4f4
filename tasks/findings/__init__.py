"""What people declare once, for faces in two and in three dimensions alike: own measures, rules of findings; norms."""
