// Files between this computer and the home: dropped on the desktop, chosen in a dialog, downloaded from its list.
import {Home} from './home.js';

const READ_MS = 8000;  // for a message that all went well
const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'];

export class Files {
    /** server: as of Home. place: where files are dropped. dialog, transfers: the page's elements. */
    constructor({server, place, dialog, transfers}) {
        this._home = new Home(server);
        this._dialog = dialog;
        this._transfers = transfers;
        this._queue = Promise.resolve();
        this._list = dialog.querySelector('ul');
        const chosen = dialog.querySelector('input');
        chosen.addEventListener('change', () => {
            this.upload(chosen.files);
            chosen.value = '';
            dialog.close();
        });
        dialog.querySelector('#files-up').addEventListener('click', () => this._show(this._folder.replace(/\/?[^/]*$/, '')));
        this._acceptDrops(place);
    }

    /** Opens the dialog with what is in the home. */
    open() {
        this._dialog.showModal();
        this._show('');
    }

    /** Saves Files in the home, one after another. */
    upload(files) {
        for (const file of files) {
            const row = this._row(`${file.name}: waiting`);
            this._queue = this._queue.then(() => this._save(file, row));
        }
    }

    async _save(file, row) {
        const bar = document.createElement('progress');
        bar.setAttribute('aria-label', file.name);
        row.firstChild.textContent = `${file.name}, ${size(file.size)}: uploading`;
        row.append(bar);
        try {
            const name = await this._home.save(file, (fraction) => { bar.value = fraction; });
            row.firstChild.textContent = `${name} is in your home.`;
            setTimeout(() => row.remove(), READ_MS);
        } catch (error) {
            row.firstChild.textContent = `${file.name} could not be saved: ${error.message}`;
            this._untilClosed(row);
        }
        bar.remove();
    }

    _row(text) {
        const row = document.createElement('p');
        row.append(text);
        this._transfers.append(row);
        return row;
    }

    _untilClosed(row) {
        const close = document.createElement('button');
        close.type = 'button';
        close.textContent = 'Close';
        close.addEventListener('click', () => row.remove());
        row.append(close);
    }

    _acceptDrops(place) {
        const over = (inside) => place.classList.toggle('dropping', inside);
        const hasFiles = ({dataTransfer}) => dataTransfer?.types.includes('Files');
        place.addEventListener('dragover', (event) => {
            if (!hasFiles(event)) return;
            event.preventDefault();
            over(true);
        });
        place.addEventListener('dragleave', ({relatedTarget}) => over(place.contains(relatedTarget)));
        place.addEventListener('drop', (event) => {
            over(false);
            if (!hasFiles(event)) return;
            event.preventDefault();
            const folders = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()?.isDirectory);
            this.upload([...event.dataTransfer.files].filter((file, i) => !folders[i]));
            if (folders.includes(true)) {
                this._untilClosed(this._row('A folder can\'t be dropped. Pack it into one file, and drop that.'));
            }
        });
    }

    async _show(folder) {
        this._folder = folder;
        this._dialog.querySelector('#files-folder').textContent = folder ? `Home / ${folder.replaceAll('/', ' / ')}` : 'Home';
        this._dialog.querySelector('#files-up').hidden = !folder;
        try {
            const entries = await this._home.list(folder);
            this._list.replaceChildren(...entries.map((entry) => this._entry(entry)));
        } catch (error) {
            const told = document.createElement('li');
            told.textContent = `The files can't be listed: ${error.message}`;
            this._list.replaceChildren(told);
        }
    }

    _entry({name, path, type, size: bytes}) {
        const entry = document.createElement('li');
        const control = document.createElement(type === 'directory' ? 'button' : 'a');
        if (type === 'directory') {
            control.type = 'button';
            control.textContent = `${name}/`;
            control.addEventListener('click', () => this._show(path));
        } else {
            control.href = this._home.address(path);
            control.download = name;
            control.textContent = name;
        }
        entry.append(control, type === 'directory' ? '' : ` ${size(bytes)}`);
        return entry;
    }
}

/** How large a file is, for people; exported for tests. */
export function size(bytes) {
    if (!Number.isFinite(bytes)) return '';
    const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
    const number = bytes / 1000 ** power;
    return `${power && number < 10 ? number.toFixed(1) : Math.round(number)} ${UNITS[power]}`;
}
