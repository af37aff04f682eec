// Keeps one RFB connection to the desktop, through every loss of it.
import {whyLost} from './away.js';
import {Desktop} from './desktop.js';
import {shown} from './display.js';
import {Quality} from './quality.js';
import {Video} from '../video/video.js';

const PERIOD = 500;              // milliseconds between two looks at what arrived
const FIRST_WAIT = 500;          // milliseconds before the first new try, doubled with each that fails
const LONGEST_WAIT = 10_000;
const SILENCE = 8000;            // milliseconds without a word from the server until it is asked for one
const PATIENCE = 6000;           // milliseconds that it has for the answer, else the connection counts as lost
const COMPRESSION = 1;           // of what is sent lossless; more costs time that a fast link does not need

/**
 * Events: `connected`; `lost` with detail {why (see away.js), wait (milliseconds until the next try)}; `copied` with the
 * desktop's clipboard as detail.
 */
export class Connection extends EventTarget {
    /**
     * url: the WebSocket's. video: that of the video. health: where the hub says that it runs. screen: where the
     * desktop is shown. field: what is typed into. lastPicture: a canvas that keeps the picture when it is lost.
     */
    constructor({url, video, health, screen, field, lastPicture}) {
        super();
        this._url = url;
        this._health = health;
        this._screen = screen;
        this._field = field;
        this._lastPicture = lastPicture;
        this._quality = new Quality();
        this._shown = 0;
        this._video = new Video({url: video, frames: () => shown.frames, place: screen});
        this._heard = 0;
        this._asked = null;
        this._why = null;
        this._attempts = 0;
        this._timer = null;
        this._trying = null;
        this.rfb = null;
        setInterval(() => { this._adapt(); this._listen(); }, PERIOD);
        field.addEventListener('blur', () => this.rfb?.releaseKeys());
        // Of two windows with one desktop, the one that is used gives the size.
        addEventListener('focus', () => this.rfb?.fit());
        this._watchDensity();
        addEventListener('online', () => this.retry());
        addEventListener('offline', () => this._giveUp());
        addEventListener('broken-picture', () => this._giveUp());
        document.addEventListener('visibilitychange', () => {
            this._asked = null;  // a hidden page's timers stand still
            if (!document.hidden) this.retry();
        });
        this._open();
    }

    /** Tries again at once, if the connection is lost. */
    retry() {
        if (this._timer === null) return;
        clearTimeout(this._timer);
        this._timer = null;
        this._open();
    }

    _open() {
        const socket = new WebSocket(this._url);
        socket.binaryType = 'arraybuffer';
        const heard = () => {
            this._heard = Date.now();
            this._asked = null;
        };
        socket.addEventListener('message', heard);
        // Before noVNC hears of it, and takes its canvas away.
        socket.addEventListener('close', () => this._keepPicture());
        const rfb = new Desktop(this._screen, socket, this._field);
        this._trying = rfb;
        heard();
        rfb.background = 'transparent';
        rfb.compressionLevel = COMPRESSION;
        rfb.qualityLevel = this._quality.level;
        rfb.focusOnClick = true;
        rfb.resizeSession = true;
        rfb.addEventListener('connect', () => this._connected(rfb));
        rfb.addEventListener('disconnect', () => this._lost());
        rfb.addEventListener('clipboard', ({detail}) => this._tell('copied', detail.text));
    }

    _connected(rfb) {
        this.rfb = rfb;
        this._video.desktop = rfb;
        this._attempts = 0;
        this._why = null;
        this._lastPicture.hidden = true;
        rfb.focus({preventScroll: true});
        this._tell('connected');
    }

    async _lost() {
        this.rfb = null;
        this._video.desktop = null;
        this._trying = null;
        const wait = Math.min(FIRST_WAIT * 2 ** this._attempts, LONGEST_WAIT);
        this._attempts += 1;
        this._timer = setTimeout(() => this.retry(), wait);
        const tell = () => this._tell('lost', {why: this._why, wait});
        tell();
        const attempt = this._attempts;
        const why = await whyLost({health: this._health});
        if (this._attempts !== attempt || this.rfb) return;
        this._why = why;
        tell();
    }

    /** A link that is cut says nothing: a desktop that is silent is asked for one pixel, which it must answer. */
    _listen() {
        if (!this._trying || document.hidden) return;
        const now = Date.now();
        if (this._asked !== null) {
            if (now - this._asked > PATIENCE) this._giveUp();
        } else if (now - this._heard > SILENCE) {
            this._asked = now;
            if (this.rfb) Desktop.messages.fbUpdateRequest(this.rfb._sock, false, 0, 0, 1, 1);
        }
    }

    /** The page is zoomed, or moved to another screen. */
    _watchDensity() {
        const density = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
        density.addEventListener('change', () => {
            this.rfb?.fit();
            this._watchDensity();
        }, {once: true});
    }

    _giveUp() {
        this._asked = null;
        this._heard = Date.now();
        this._keepPicture();
        this._trying?.disconnect();
    }

    _adapt() {
        const frames = shown.frames - this._shown;
        this._shown = shown.frames;
        if (this._video.running) return;
        const level = this._quality.sample({frames, seconds: PERIOD / 1000});
        if (this.rfb) this.rfb.qualityLevel = level;
    }

    _keepPicture() {
        const canvas = this._screen.querySelector('canvas');
        if (!this.rfb || !canvas?.width) return;
        this._lastPicture.width = canvas.width;
        this._lastPicture.height = canvas.height;
        this._lastPicture.getContext('2d').drawImage(canvas, 0, 0);
        this._lastPicture.hidden = false;
    }

    _tell(type, detail) {
        this.dispatchEvent(new CustomEvent(type, {detail}));
    }
}
