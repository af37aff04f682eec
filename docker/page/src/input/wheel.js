// A mouse's wheel, a trackpad's two fingers and its pinch, as the presses of buttons that X11 knows them by.

const UP = 1 << 3;
const DOWN = 1 << 4;
const LEFT = 1 << 5;
const RIGHT = 1 << 6;
const NOTCH = 120;       // of a mouse's wheel, in the browser's wheelDelta
const LEAST = 40;        // CSS pixels that a notch scrolls at least in any browser
const STEP = 50;         // CSS pixels of a trackpad for each press
const PINCH_STEP = 10;   // the same for a pinch: some 7 presses for twice the distance of the fingers
const LINE = 19;         // CSS pixels, where a browser counts lines

export class Wheel {
    constructor() {
        this._rest = {x: 0, y: 0};
    }

    /**
     * The buttons to press, one after another, for a WheelEvent. zoom: with the Control key, which the desktop does
     * not have pressed though the event says so: a pinch.
     */
    turned(event, control) {
        const zoom = event.ctrlKey && !control;
        let {x, y} = steps(event, zoom);
        // Some systems turn the wheel to the side with Shift; the application decides what Shift means.
        if (event.shiftKey && y === 0 && isMouse(event)) [x, y] = [0, x];
        // Fingers never move quite straight.
        if (Math.abs(x) > Math.abs(y)) y = 0; else x = 0;
        return {presses: [...this._presses('x', x, LEFT, RIGHT), ...this._presses('y', y, UP, DOWN)], zoom};
    }

    _presses(axis, moved, back, forth) {
        if (moved * this._rest[axis] < 0) this._rest[axis] = 0;  // turned round
        this._rest[axis] += moved;
        const whole = Math.trunc(this._rest[axis]);
        this._rest[axis] -= whole;
        return new Array(Math.abs(whole)).fill(whole < 0 ? back : forth);
    }
}

function steps(event, zoom) {
    // Of a pinch Chromium says a notch each time.
    if (!zoom && isMouse(event)) return {x: -event.wheelDeltaX / NOTCH, y: -event.wheelDeltaY / NOTCH};
    const unit = (zoom ? PINCH_STEP : STEP) / (event.deltaMode === 0 ? 1 : LINE);
    return {x: event.deltaX / unit, y: event.deltaY / unit};
}

/** Whole notches, which one spin of a fast wheel has several of in one event. */
function isMouse({deltaX, deltaY, deltaMode, wheelDeltaX = 0, wheelDeltaY = 0}) {
    if (deltaMode === 0 && Math.max(Math.abs(deltaX), Math.abs(deltaY)) < LEAST) return false;
    return (wheelDeltaX || wheelDeltaY) !== 0 && wheelDeltaX % NOTCH === 0 && wheelDeltaY % NOTCH === 0;
}
