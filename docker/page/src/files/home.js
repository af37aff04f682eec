// The files of the user's home, by Jupyter Server's own interface, which JupyterLab uses too.
import {ask} from '../link/ask.js';

const CHUNK = 1 << 20;  // bytes of a file that are sent at once, as JupyterLab does

export class Home {
    /** server: where the user's server is, as an absolute address that ends with a slash. */
    constructor(server) {
        this._server = server;
    }

    /** What is in a folder, folders first: {name, path, type, size}. */
    async list(folder) {
        const {content} = await (await this._ask('GET', `${folder}?content=1&type=directory`)).json();
        const rank = ({type}) => (type === 'directory' ? 0 : 1);
        return content.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
    }

    /** The address that a file is downloaded from. */
    address(path) {
        return new URL(`files/${encode(path)}?download=1`, this._server).href;
    }

    /**
     * Saves a File in the home, never over another, and gives the name that it got. progress(fraction) is called as
     * it goes on. Throws an Error with the server's words; nothing of the file is left then.
     */
    async save(file, progress) {
        const name = await this._freeName(file.name);
        try {
            for (let start = 0, number = 1; start === 0 || start < file.size; start += CHUNK, number += 1) {
                const part = file.slice(start, start + CHUNK);
                const last = start + CHUNK >= file.size;
                const chunk = file.size > CHUNK ? {chunk: last ? -1 : number} : {};
                const content = await base64(part);
                await this._ask('PUT', name, {type: 'file', format: 'base64', content, ...chunk});
                progress(Math.min(1, (start + CHUNK) / (file.size || 1)));
            }
        } catch (error) {
            await this._ask('DELETE', name).catch(() => {});
            throw error;
        }
        return name;
    }

    async _freeName(wanted) {
        for (let number = 1; ; number += 1) {
            const name = numbered(wanted, number);
            if (!await this._exists(name)) return name;
        }
    }

    async _exists(name) {
        try {
            await this._ask('GET', `${name}?content=0`);
            return true;
        } catch (error) {
            if (error.status === 404) return false;
            throw error;
        }
    }

    async _ask(method, pathAndQuery, body) {
        const [, path, query] = /^(.*?)(\?.*)?$/s.exec(pathAndQuery);
        const answer = await ask(new URL(`api/contents/${encode(path)}${query ?? ''}`, this._server), {
            method,
            headers: {'Content-Type': 'application/json'},
            body: body && JSON.stringify(body),
        });
        if (answer.ok) return answer;
        const {message} = await answer.json().catch(() => ({}));
        throw Object.assign(new Error(message || `the server answers ${answer.status}`), {status: answer.status});
    }
}

/** `name` for the first, then `name (2)` and so on before its ending; exported for tests. */
export function numbered(name, number) {
    if (number === 1) return name;
    const [, stem, ending] = /^(.+?)((?:\.tar)?\.[^.]+)?$/s.exec(name);
    return `${stem} (${number})${ending ?? ''}`;
}

function encode(path) {
    return path.split('/').map(encodeURIComponent).join('/');
}

function base64(blob) {
    return new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.addEventListener('load', () => resolve(reader.result.slice(reader.result.indexOf(',') + 1)));
        reader.addEventListener('error', () => reject(reader.error));
        reader.readAsDataURL(blob);
    });
}
