// noVNC's display, which costs the browser less. The build puts it in the place of noVNC's own.
import Display from '../../node_modules/@novnc/novnc/core/display.js';

/** What has been shown since the page was opened. */
export const shown = {frames: 0};

/**
 * noVNC 1.7 makes an <img> with a base64 address of each JPEG rectangle, which is copied and decoded in the thread
 * that paints; here it is decoded beside that. Canvases that are never transparent are put together faster.
 */
export default class extends Display {
    constructor(target) {
        target.getContext('2d', {alpha: false});  // noVNC is then handed this one
        super(target);
        this._backbuffer = document.createElement('canvas');
        this._drawCtx = this._backbuffer.getContext('2d', {alpha: false});
    }

    imageRect(x, y, width, height, mime, data) {
        if (width === 0 || height === 0) return;
        // noVNC's queue for video frames takes any picture.
        const picture = {ready: false, frame: null, promise: null};
        picture.promise = decode(mime, data).then((frame) => {
            picture.frame = frame;
            picture.ready = true;
        }).catch((error) => {
            // The queue would wait for ever for this picture.
            dispatchEvent(new CustomEvent('broken-picture', {detail: error}));
        });
        this.videoFrame(x, y, width, height, picture);
    }

    flip(fromQueue) {
        const queued = this._renderQ.length !== 0 && !fromQueue;
        super.flip(fromQueue);
        if (!queued) shown.frames += 1;
    }
}

/** The picture in `data`, as a VideoFrame or something like one. */
async function decode(mime, data) {
    if (window.ImageDecoder) {
        const decoder = new ImageDecoder({type: mime, data});
        try {
            return (await decoder.decode()).image;
        } finally {
            decoder.close();
        }
    }
    // Older browsers, and pages without TLS. A Blob is a detour: it goes through another process of the browser's.
    const bitmap = await createImageBitmap(new Blob([data], {type: mime}));
    bitmap.codedWidth = bitmap.width;
    bitmap.codedHeight = bitmap.height;
    return bitmap;
}
