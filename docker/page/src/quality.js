// How sharp a moving picture is sent. A still picture needs no rule: the server sends lossless what has not
// changed for a moment.

export const SHARPEST = 5;
export const CHEAPEST = 0;
const FLUENT = 40;     // frames a second: no need to give up sharpness
const JERKY = 25;      // frames a second: give some up
const MOVING = 6;      // fewer frames a second are a cursor or a clock, and say nothing about the link
const PATIENCE = 4;    // fluent samples before the next try at a sharper picture

/**
 * Chooses a JPEG quality level (0 to 9 as in RFB) from what arrives in each period.
 *
 * On a slow link fewer and smaller frames get through, so the level falls at once; it rises one step at a time, and
 * after a step that made it jerky again it waits twice as long before the next.
 */
export class Quality {
    constructor(level = 4) {
        this.level = level;
        this._fluent = 0;
        this._patience = PATIENCE;
        this._raised = false;
    }

    /** The level to use after a period of `seconds` in which `frames` frames of `bytes` bytes in all were shown. */
    sample({frames, bytes, seconds}) {
        const rate = frames / seconds;
        if (rate < MOVING || bytes === 0) return this.level;
        if (rate < JERKY) {
            if (this._raised) this._patience = Math.min(this._patience * 2, 64);
            this._raised = false;
            this._fluent = 0;
            this.level = Math.max(CHEAPEST, this.level - (rate < JERKY / 2 ? 2 : 1));
        } else if (rate > FLUENT && ++this._fluent >= this._patience && this.level < SHARPEST) {
            this._fluent = 0;
            this._raised = true;
            this.level += 1;
        }
        return this.level;
    }
}
