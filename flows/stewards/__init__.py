"""What stewards bring in: batches of photographs and ratings, and the drop folder."""
