// A picture that was copied in the desktop. VNC's clipboard carries text only, and tells of nothing else: who wants
// the picture opens the clipboard's dialog, which fetches it.
import {ask} from '../link/ask.js';

export class Picture {
    /** url: where the server has the picture. place: the element with the <figure> that shows it. */
    constructor({url, place}) {
        this._url = url;
        this._figure = place.querySelector('figure');
        this._image = place.querySelector('img');
        this._button = place.querySelector('figure button');
        this._status = place.querySelector('figure [role=status]');
        this._picture = null;
        this._looks = 0;  // a late answer must not undo a newer one
        this._button.addEventListener('click', () => this._copy());
    }

    /** Shows the picture that is there now, if one is. */
    async look() {
        this._show(null);
        const look = this._looks += 1;
        try {
            const answer = await ask(this._url);
            const picture = answer.status === 200 ? await answer.blob() : null;
            if (look === this._looks) this._show(picture);
        } catch {
            // The page says in other ways that the server does not answer.
        }
    }

    _show(picture) {
        URL.revokeObjectURL(this._image.src);
        this._picture = picture;
        this._figure.hidden = !picture;
        this._status.textContent = '';
        // Without it, the browser's own menu copies or saves what is shown.
        this._button.hidden = !window.ClipboardItem;
        if (picture) this._image.src = URL.createObjectURL(picture);
        else this._image.removeAttribute('src');
    }

    async _copy() {
        try {
            await navigator.clipboard.write([new ClipboardItem({'image/png': this._picture})]);
            this._status.textContent = 'Copied.';
        } catch ({message}) {
            this._status.textContent = `Not copied: ${message}`;
        }
    }
}
