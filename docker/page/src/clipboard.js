// One clipboard for browser and desktop.
//
// Out: what is copied in the desktop is written to the browser's clipboard, at once where the browser allows it,
// else with the next key or click. In: Ctrl+V or Cmd+V makes the browser hand over its clipboard, which no browser
// asks permission for; where reading was allowed, the desktop gets it whenever the page is entered, too.

const CONTROL = [0xffe3, 'ControlLeft'];
const META = [[0xffeb, 'MetaLeft'], [0xffec, 'MetaRight'], [0xffe9, 'AltLeft'], [0xffe7, 'MetaLeft']];

export class Clipboard {
    /** connection(): the RFB object while connected, else null. dialog: the <dialog> for browsers that allow less. */
    constructor({connection, dialog}) {
        this._connection = connection;
        this._text = dialog.querySelector('textarea');
        this._unwritten = null;
        this._known = null;
        addEventListener('keydown', (event) => this._key(event), {capture: true});
        addEventListener('paste', (event) => this._paste(event));
        for (const gesture of ['pointerdown', 'keydown']) {
            addEventListener(gesture, () => this._write(), {capture: true, passive: true});
        }
        addEventListener('focus', () => this._read());
        document.addEventListener('pointerenter', () => this._read());
        this._text.addEventListener('input', () => this._send(this._text.value));
    }

    /** The desktop's clipboard has changed to `text`. */
    fromDesktop(text) {
        this._known = text;
        this._text.value = text;
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
        try {
            const {state} = await navigator.permissions.query({name: 'clipboard-read'});
            if (state === 'granted') this._send(await navigator.clipboard.readText());
        } catch {
            // Not every browser has this permission; Ctrl+V works all the same.
        }
    }

    _key(event) {
        const paste = event.code === 'KeyV' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
        if (paste && isDesktop(event.target) && this._connection()) {
            // noVNC must not see it: it would keep the browser from pasting.
            event.stopImmediatePropagation();
            this._meta = event.metaKey;
        }
    }

    _paste(event) {
        const rfb = this._connection();
        if (!isDesktop(event.target) || !rfb) return;
        event.preventDefault();
        this._send(event.clipboardData.getData('text/plain'));
        // On a Mac the desktop holds Cmd's keys at this moment: it must see Ctrl+V alone.
        if (this._meta) for (const [symbol, code] of META) rfb.sendKey(symbol, code, false);
        rfb.sendKey(...CONTROL, true);
        rfb.sendKey('v'.codePointAt(0), 'KeyV', true);
        rfb.sendKey('v'.codePointAt(0), 'KeyV', false);
        rfb.sendKey(...CONTROL, false);
    }

    _send(text) {
        if (!text || text === this._known) return;
        this._known = text;
        this._text.value = text;
        this._connection()?.clipboardPasteFrom(text);
    }
}

function isDesktop(target) {
    return !(target instanceof Element && target.closest('header, dialog, #lost'));
}
