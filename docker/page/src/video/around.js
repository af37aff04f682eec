// noVNC's RFB object, which can leave out a part of the desktop that something else paints.
import RFB from '@novnc/novnc';
import {strips} from './strips.js';

const SHARP = 1500;      // milliseconds in which what was left out is sent lossless afterwards
const COPY_RECT = 1;     // encodings, as in RFB
const QUALITY = {lowest: -32, highest: -23};

/** Event `resized`: the server sends all of the desktop, whatever was left out. */
export class Around extends RFB {
    /**
     * Has the server leave out a part, {x, y, width, height}; resolves to it once nothing of it comes any more. Null
     * where the server can't do that.
     */
    leaveOut(rect) {
        if (!this._supportsContinuousUpdates) return null;
        this._left = rect;
        this._sharpen(false);
        RFB.messages.enableContinuousUpdates(this._sock, false, 0, 0, 0, 0);
        this._ends ??= [];
        return new Promise((ended) => { this._ends.push(() => ended(rect)); });
    }

    /** Takes back what was left out, sharp at once: a step over a coarse picture would be seen. */
    takeBack() {
        const rect = this._left;
        if (!rect || this._rfbConnectionState !== 'connected') return;
        this._left = null;
        this._sharpen(true);
        this._updateContinuousUpdates();
        // Not only what has changed: something else has painted over what has not, too.
        RFB.messages.fbUpdateRequest(this._sock, false, rect.x, rect.y, rect.width, rect.height);
    }

    /** Puts a VideoFrame into the place that is left out. */
    paint(frame) {
        const {x, y, width, height} = this._left;
        this._display.videoFrame(x, y, width, height, {frame, ready: true, promise: Promise.resolve()});
        this._display.flip();
    }

    _sharpen(sharp) {
        clearTimeout(this._sharpening);
        if (sharp) this._sharpening = setTimeout(() => this._sharpen(false), SHARP);
        this._sharp = sharp;
        this._sendEncodings();
    }

    _sendEncodings() {
        const {clientEncodings} = RFB.messages;
        const wanted = (encoding) => (
            !(encoding === COPY_RECT && (this._left || this._sharp)) &&  // what is left out can't be copied from
            !(this._sharp && encoding >= QUALITY.lowest && encoding <= QUALITY.highest)
        );
        RFB.messages.clientEncodings = (socket, all) => clientEncodings(socket, all.filter(wanted));
        try {
            super._sendEncodings();
        } finally {
            RFB.messages.clientEncodings = clientEncodings;
        }
    }

    // Without continuous updates, noVNC would ask for all of the desktop; while a part is left out, it may not know.
    get _enabledContinuousUpdates() {
        return this._continuous;
    }

    set _enabledContinuousUpdates(enabled) {
        if (!enabled && this._ends?.length) {
            this._ends.shift()();
            if (this._left) this._ask();
        } else {
            this._continuous = enabled;
        }
    }

    _updateContinuousUpdates() {
        if (!this._left) super._updateContinuousUpdates();
    }

    _framebufferUpdate() {
        const complete = super._framebufferUpdate();
        if (complete && this._left) this._ask();
        return complete;
    }

    /** What changes around the part. */
    _ask() {
        for (const {x, y, width, height} of strips(this._left, this._fbWidth, this._fbHeight)) {
            RFB.messages.fbUpdateRequest(this._sock, true, x, y, width, height);
        }
    }

    _resize(width, height) {
        const same = width === this._fbWidth && height === this._fbHeight;
        const left = this._left;
        if (!same) this._left = null;
        super._resize(width, height);
        if (same) return;
        if (left) this._sharpen(false);
        this.dispatchEvent(new CustomEvent('resized'));
    }
}
