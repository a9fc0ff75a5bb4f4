"""What stewards do with the project's data: bring in, correct, undo, withdraw.

`batches` brings photographs and ratings in, corrects scores and undoes; start there, with `batches.additions`.
`drop_folder` does the same by itself for what is put into a folder. `withdrawal` removes a person whose consent is
gone. Below these stand `traces` (what of a person lies in a file) and `outside_folders` (folders outside the project
that it knows of).
"""
