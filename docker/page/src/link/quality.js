// How sharp a moving picture is sent. A still picture needs no rule: the server sends lossless what has not
// changed for a moment.

export const SHARPEST = 5;
export const CHEAPEST = 1;   // below it, contours and labels can't be read while they move
const FLUENT = 50;           // frames a second: there is room for more sharpness
const JERKY = 30;            // frames a second: give some up
const MOVING = 6;            // fewer frames a second are a cursor or a clock, and say nothing about the link
const WORTH_IT = 1.1;        // a cheaper picture must bring this many times the frames, else it is not the link
const PATIENCE = 4;          // samples before the next attempt
const LONGEST_PATIENCE = 64;

/**
 * Chooses a JPEG quality level (0 to 9 as in RFB) from what arrives in each period.
 *
 * A jerky picture is made cheaper, and if that does not help (a slow application or browser, not a slow link) it is
 * taken back. A fluent one is made sharper, step by step. After an attempt that failed, the next waits twice as long.
 */
export class Quality {
    constructor(level = 4) {
        this.level = level;
        this._patience = PATIENCE;
        this._wait = 0;
        this._attempt = null;  // {step, rate before it}
    }

    /** The level to use after a period of `seconds` in which `frames` frames were shown. */
    sample({frames, seconds}) {
        const rate = frames / seconds;
        if (rate < MOVING) return this.level;
        const attempt = this._attempt;
        this._attempt = null;
        if (attempt?.step < 0 && rate < attempt.rate * WORTH_IT || attempt?.step > 0 && rate < JERKY) {
            this.level -= attempt.step;
            this._wait = this._patience;
            this._patience = Math.min(this._patience * 2, LONGEST_PATIENCE);
        } else if (this._wait > 0) {
            this._wait -= 1;
        } else if (rate < JERKY && this.level > CHEAPEST) {
            this._try(-1, rate);
        } else if (rate > FLUENT && this.level < SHARPEST) {
            this._try(+1, rate);
            this._wait = PATIENCE;
        }
        return this.level;
    }

    _try(step, rate) {
        this.level += step;
        this._attempt = {step, rate};
    }
}
