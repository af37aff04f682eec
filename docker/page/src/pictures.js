// Decodes JPEG rectangles off the main thread. noVNC 1.7 makes an <img> with a base64 address of each, which costs
// a copy and a decode in the thread that paints; its queue for video frames takes bitmaps just as well.
import Display from '../node_modules/@novnc/novnc/core/display.js';

/** What has been shown since the page was opened. */
export const shown = {frames: 0};

/** Makes every RFB connection of this page decode its pictures with createImageBitmap. */
export function decodeInBackground() {
    Display.prototype.imageRect = function (x, y, width, height, mime, data) {
        if (width === 0 || height === 0) return;
        const picture = {ready: false, frame: null, promise: null};
        picture.promise = createImageBitmap(new Blob([data], {type: mime})).then((bitmap) => {
            bitmap.codedWidth = bitmap.width;
            bitmap.codedHeight = bitmap.height;
            picture.frame = bitmap;
            picture.ready = true;
        }).catch((error) => {
            // The queue would wait for ever for this picture.
            dispatchEvent(new CustomEvent('broken-picture', {detail: error}));
        });
        this.videoFrame(x, y, width, height, picture);
    };
    const flip = Display.prototype.flip;
    Display.prototype.flip = function (fromQueue) {
        const queued = this._renderQ.length !== 0 && !fromQueue;
        flip.call(this, fromQueue);
        if (!queued) shown.frames += 1;
    };
}
