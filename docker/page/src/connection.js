// Keeps one RFB connection to the desktop, through every loss of it.
import RFB from '@novnc/novnc';
import {shown} from './display.js';
import {Quality} from './quality.js';

const PERIOD = 500;              // milliseconds between two looks at what arrived
const FIRST_WAIT = 500;          // milliseconds before the first new try, doubled with each that fails
const LONGEST_WAIT = 10_000;
const SILENCE = 8000;            // milliseconds without a word from the server until it is asked for one
const DEAD = 14_000;             // milliseconds of silence after which the connection counts as lost
const COMPRESSION = 1;           // of what is sent lossless; more costs time that a fast link does not need
const SMALLEST = {width: 640, height: 480};  // less than that no application can use: it is scaled down instead

const tooSmall = ({width, height}) => width < SMALLEST.width || height < SMALLEST.height;

/** noVNC, which asks the desktop for a size only where an application can use it, and in whole pixels. */
class Desktop extends RFB {
    // In between, an answer of the server or a timer of noVNC's comes before the page has seen its new size.
    _requestRemoteResize() {
        if (!tooSmall(this._screen.getBoundingClientRect())) super._requestRemoteResize();
    }

    // With a fraction it would never be what the desktop has, and be asked for again for ever.
    _screenSize() {
        const {w, h} = super._screenSize();
        return {w: Math.floor(w), h: Math.floor(h)};
    }
}

/**
 * Events: `connected`; `lost` with detail {attempts, wait} (milliseconds until the next try); `copied` with the
 * desktop's clipboard as detail.
 */
export class Connection extends EventTarget {
    /** url: the WebSocket's. screen: where the desktop is shown. lastPicture: a canvas that keeps it when it is lost. */
    constructor({url, screen, lastPicture}) {
        super();
        this._url = url;
        this._screen = screen;
        this._lastPicture = lastPicture;
        this._quality = new Quality();
        this._heard = 0;
        this._attempts = 0;
        this._timer = null;
        this._trying = null;
        this.rfb = null;
        setInterval(() => { this._adapt(); this._listen(); }, PERIOD);
        new ResizeObserver(() => this._fit()).observe(screen);
        addEventListener('online', () => this.retry());
        addEventListener('offline', () => this._giveUp());
        addEventListener('broken-picture', () => this._giveUp());
        document.addEventListener('visibilitychange', () => document.hidden || this.retry());
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
        socket.addEventListener('message', () => { this._heard = Date.now(); });
        const rfb = new Desktop(this._screen, socket);
        this._trying = rfb;
        this._heard = Date.now();
        // Before noVNC hears of it, and takes its canvas away.
        socket.addEventListener('close', () => this._keepPicture());
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
        this._attempts = 0;
        this._lastPicture.hidden = true;
        this._fit();
        rfb.focus({preventScroll: true});
        this._tell('connected');
    }

    _lost() {
        this.rfb = null;
        this._trying = null;
        const wait = Math.min(FIRST_WAIT * 2 ** this._attempts, LONGEST_WAIT);
        this._attempts += 1;
        this._timer = setTimeout(() => this.retry(), wait);
        this._tell('lost', {attempts: this._attempts, wait});
    }

    /** A link that is cut says nothing: a desktop that is silent is asked for one pixel, which it must answer. */
    _listen() {
        if (!this._trying || document.hidden) return;
        const silence = Date.now() - this._heard;
        if (silence > DEAD) this._giveUp();
        else if (silence > SILENCE && this.rfb) RFB.messages.fbUpdateRequest(this.rfb._sock, false, 0, 0, 1, 1);
    }

    _giveUp() {
        this._keepPicture();
        this._trying?.disconnect();
    }

    /** The desktop takes the size of its place in the page; where that is too small, it is shown smaller. */
    _fit() {
        if (!this.rfb) return;
        this.rfb.scaleViewport = tooSmall(this._screen.getBoundingClientRect());
    }

    _adapt() {
        const level = this._quality.sample({frames: shown.frames, seconds: PERIOD / 1000});
        shown.frames = 0;
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
