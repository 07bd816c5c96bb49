/** How long names and paths may be: bytes in UTF-8. Linux takes no more (limits.h). */
export const MAX_NAME_BYTES = 255;
/** Linux counts the end of a path too, which makes 4096. */
export const MAX_PATH_BYTES = 4095;
