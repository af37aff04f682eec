// noVNC's RFB object, as a person at this page needs it.
import RFB from '@novnc/novnc';
import {Wheel} from '../input/wheel.js';
import {Around} from '../video/around.js';
import {pixelsEach} from './scale.js';

const SMALLEST = {w: 640, h: 480};  // less than that no application can use: it is shown smaller instead
const CONTROL = [0xffe3, 'ControlLeft'];
const HELD = ['ControlLeft', 'ControlRight'];
const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.platform);
const COMMAND = {MetaLeft: [0xffe3, 'ControlLeft'], MetaRight: [0xffe4, 'ControlRight']};

export class Desktop extends Around {
    /** screen: where the desktop is shown. socket: an open WebSocket, or one that opens. field: what is typed into. */
    constructor(screen, socket, field) {
        super(screen, socket);
        this._field = field;
        // A canvas gets no text of dead keys and input methods, only a field does.
        this._keyboard._target = field;
        this._wheel = new Wheel();
    }

    focus(options) {
        this._field.focus(options);
    }

    blur() {
        this._field.blur();
    }

    /** Takes the size of its place in the page again, which another window may have changed. */
    fit() {
        this._updateScale();
        this._requestRemoteResize();
    }

    /** Releases all keys that the desktop has pressed; their releases would go elsewhere. */
    releaseKeys() {
        this._keyboard._allKeysUp();
    }

    /** Whether the desktop has a Control key pressed. */
    get control() {
        return HELD.some((code) => code in this._keyboard._keyDownList);
    }

    /** On a Mac, Cmd is the desktop's Control key. */
    sendKey(symbol, code, down) {
        super.sendKey(...(IS_MAC && COMMAND[code] || [symbol, code]), down);
    }

    /** In the desktop's pixels, and whole: with a fraction it would be asked for again for ever. */
    _screenSize() {
        const {width, height} = this._screen.getBoundingClientRect();
        const ratio = devicePixelRatio / pixelsEach(devicePixelRatio);
        return {w: Math.floor(width * ratio + 0.01), h: Math.floor(height * ratio + 0.01)};
    }

    // In between, an answer of the server or a timer of noVNC's comes before the page has seen its new size.
    _requestRemoteResize() {
        const {w, h} = this._screenSize();
        if (w >= SMALLEST.w && h >= SMALLEST.h) super._requestRemoteResize();
    }

    // Sharp where the desktop has the size of its place, smaller where it does not fit.
    _updateScale() {
        const {width, height} = this._screen.getBoundingClientRect();
        const sharp = pixelsEach(devicePixelRatio) / devicePixelRatio;
        const scale = Math.min(sharp, width / this._fbWidth, height / this._fbHeight);
        if (!(scale > 0)) return;
        this._display.scale = scale;
        this._canvas.style.imageRendering = scale === sharp ? 'pixelated' : 'auto';
    }

    _handleWheel(event) {
        event.stopPropagation();
        event.preventDefault();
        if (this._rfbConnectionState !== 'connected') return;
        const {left, top} = this._canvas.getBoundingClientRect();
        const {presses, zoom} = this._wheel.turned(event, this.control);
        if (zoom && presses.length) this.sendKey(...CONTROL, true);
        for (const button of presses) {
            const held = RFB._convertButtonMask(event.buttons);
            this._handleMouseButton(event.clientX - left, event.clientY - top, held | button);
            this._handleMouseButton(event.clientX - left, event.clientY - top, held);
        }
        if (zoom && presses.length) this.sendKey(...CONTROL, false);
    }
}
