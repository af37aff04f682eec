/**
 * How many of the screen's pixels, along one side, show one pixel of the desktop: a whole number, so that the picture
 * is sharp. On a screen of high density, or in a page that is zoomed to twice its size, 2; at 125 or 150 % 1.
 */
export function pixelsEach(ratio) {
    return Math.max(1, Math.ceil(ratio - 0.5));
}
