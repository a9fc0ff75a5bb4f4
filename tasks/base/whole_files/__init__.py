"""Whether a file of a picture or a clip is whole: copies that stopped, and bytes that were changed.

In: a file's bytes. Out: what is damaged, in words, or nothing. Read `containers` first: tasks.base.images asks it about
every picture, and it asks the others. Clips are asked about by tasks.ingest.clips.coded_pictures. There is a module for
each format (`jpeg`, `h264`, `hevc`, `vpx`, `lzw`, `packbits`, `heif_boxes`) and for each sign of damage
(`blocks_of_zeros`, `block_steps`, `bytes_left_over`, `webp_leaps`). `library_complaints` and `bundled_libraries` ask
the decoders in C.
"""
