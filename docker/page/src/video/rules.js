// When VNC gives way to a video, and when a video is given up.

const FLUENT = 45;        // frames a second that are enough
const NEARLY_ALL = 0.8;   // of what the application draws: a video would bring no more
const SILENCE = 700;      // milliseconds without a word from what makes the video
const UNPAINTED = 700;    // milliseconds in which a frame that came must be painted
const FIRST_WAIT = 1000;  // milliseconds before a new try, doubled with each that brings no picture
const LONGEST_WAIT = 60_000;

/** Whether VNC carries what moves: `frames` a second are seen of the application's `redraws`. */
export function carries(frames, redraws) {
    return frames >= Math.min(FLUENT, NEARLY_ALL * redraws);
}

/** Tells whether a video that should run does. Times in milliseconds. */
export class Watch {
    begin(now) {
        this._heard = now;
        this._waiting = null;  // since when a frame has come and none was painted
    }

    heard(now) {
        this._heard = now;
    }

    came(now) {
        this._waiting ??= now;
    }

    painted() {
        this._waiting = null;
    }

    broken(now) {
        return now - this._heard > SILENCE || this._waiting !== null && now - this._waiting > UNPAINTED;
    }
}

/** How long to wait before the next try, in milliseconds, after so many that brought no picture. */
export function wait(failures) {
    return Math.min(FIRST_WAIT * 2 ** failures, LONGEST_WAIT);
}
