// One clipboard for browser and desktop.
//
// Out: what is copied in the desktop is written to the browser's clipboard, at once where the browser allows it,
// else with the next key or click. In: the keys that paste make the browser hand over its clipboard, which no browser
// asks permission for; where reading was allowed, the desktop gets it whenever the page is entered, too.
import {letter} from './keys.js';

const CONTROL = [0xffe3, 'ControlLeft'];
const V = [0x76, 'KeyV'];
const NO_PASTE = 300;  // milliseconds without the browser's answer, after which the key goes to the desktop as it is

export class Clipboard {
    /**
     * connection(): the RFB object while connected, else null. dialog: the <dialog> for browsers that allow less.
     * upload(files): takes pictures and files that are pasted.
     */
    constructor({connection, dialog, upload}) {
        this._connection = connection;
        this._upload = upload;
        this._text = dialog.querySelector('textarea');
        this._unwritten = null;
        this._known = null;
        this._pressed = null;
        this._events = 0;  // keys, and texts of the desktop, which a slow answer of the browser must not undo
        addEventListener('keydown', (event) => this._key(event), {capture: true});
        addEventListener('paste', (event) => this._paste(event));
        for (const gesture of ['pointerdown', 'keydown']) {
            addEventListener(gesture, () => this._write(), {capture: true, passive: true});
        }
        addEventListener('focus', () => this._read());
        // Who leaves may copy something elsewhere, which is then the newer one.
        addEventListener('blur', () => { this._unwritten = null; });
        document.addEventListener('pointerenter', () => this._read());
        this._text.addEventListener('input', () => this._send(this._text.value));
    }

    /** A new connection: the desktop may have forgotten what it got over the last one. */
    reconnected() {
        this._known = null;
        // Now, not when the page is entered next: a picture may have been copied in the desktop by then.
        this._read();
    }

    /** The desktop's clipboard has changed to `text`. */
    fromDesktop(text) {
        this._events += 1;
        this._known = text;
        this._text.value = text;
        // Another window of the same desktop, which has the focus, writes it.
        if (!document.hasFocus()) return;
        this._unwritten = text;
        this._write();
    }

    async _write() {
        if (this._unwritten === null || !navigator.clipboard) return;
        const text = this._unwritten;
        try {
            await navigator.clipboard.writeText(text);
            if (this._unwritten === text) this._unwritten = null;
        } catch {
            // Not allowed now; tried again at the next gesture.
        }
    }

    async _read() {
        if (this._unwritten !== null) return;
        const events = this._events;
        try {
            const {state} = await navigator.permissions.query({name: 'clipboard-read'});
            if (state !== 'granted') return;
            const text = await navigator.clipboard.readText();
            if (events === this._events) this._send(text);
        } catch {
            // Not every browser has this permission; the keys work all the same.
        }
    }

    _key(event) {
        this._events += 1;
        if (!pastes(event) || !isDesktop(event.target) || !this._connection()) return;
        // noVNC must not see it: it would keep the browser from pasting.
        event.stopImmediatePropagation();
        clearTimeout(this._pressed?.timer);
        const {key} = event;
        this._pressed = {
            symbol: key === 'Insert' ? [0xff63, 'Insert'] : [key.length === 1 ? key.charCodeAt(0) : V[0], V[1]],
            timer: setTimeout(() => this._press(), NO_PASTE),
        };
    }

    _paste(event) {
        if (!isDesktop(event.target) || !this._connection()) return;
        event.preventDefault();
        const {files} = event.clipboardData;
        const text = event.clipboardData.getData('text/plain');
        if (!text && files.length) {
            // VNC carries text only: a picture becomes a file.
            clearTimeout(this._pressed?.timer);
            this._pressed = null;
            this._upload([...files]);
            return;
        }
        this._send(text);
        this._press();
    }

    /** The key that pastes: the desktop has its Control or Shift pressed already, unless a menu of the browser pastes. */
    _press() {
        const rfb = this._connection();
        if (this._pressed) {
            clearTimeout(this._pressed.timer);
            rfb?.sendKey(...this._pressed.symbol);
        } else {
            rfb?.sendKey(...CONTROL, true);
            rfb?.sendKey(...V);
            rfb?.sendKey(...CONTROL, false);
        }
        this._pressed = null;
    }

    _send(text) {
        if (!text || text === this._known) return;
        this._known = text;
        this._text.value = text;
        this._connection()?.clipboardPasteFrom(text);
    }
}

/** Ctrl+V or Cmd+V, with Shift too as in terminals, and Shift+Insert. */
function pastes(event) {
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey) return false;
    return command ? letter(event) === 'v' : event.key === 'Insert' && event.shiftKey;
}

function isDesktop(target) {
    return !(target instanceof Element && target.closest('header, dialog, #lost'));
}
