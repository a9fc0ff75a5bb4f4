"""Whether a file of a picture or a clip is whole: copies that stopped, and bytes that were changed.

In: a file's bytes. Out: what is damaged, in words, or nothing. Read `containers` first: it asks the others about each
picture. A module a format (`jpeg`, `h264`, `hevc`, `vpx`, `lzw`, `packbits`, `heif_boxes`), and one a sign of damage
(`blocks_of_zeros`, `block_steps`, `bytes_left_over`, `webp_leaps`). `library_complaints` and `bundled_libraries` ask
the decoders in C.
"""
