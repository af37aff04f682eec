// Says in time that the hub will stop the server.
import {ask} from './ask.js';
import {duration} from './away.js';

const EACH = 30_000;   // milliseconds between two questions
const WARNED = 3000;   // the same while a warning is shown, which goes when the desktop is used

/**
 * What to tell the user; null while there is time.
 *
 * unused, running: seconds. limits: {idle, age, warn} in seconds, NaN where there is no such limit; warn is how long
 * before the end she is warned.
 */
export function warning({unused, running}, {idle, age, warn}) {
    const [lazy, old] = [idle - unused, age - running];
    if (old <= warn && !(lazy < old)) {
        return `Your server stops ${soon(old)}, because none runs longer than ${duration(age)}. Save your work.`;
    }
    if (lazy <= warn) {
        return `Nobody has used this desktop for ${duration(unused)}. Your server stops ${soon(lazy)}, and what is open `
            + 'ends. To keep it, press a key in the desktop or move the pointer over it.';
    }
    return null;
}

function soon(seconds) {
    return seconds < 60 ? 'any minute now' : `in ${duration(60 * Math.ceil(seconds / 60))}`;
}

/**
 * Asks url again and again, and calls tell(text) with each warning and with null where there is none.
 *
 * Of the object that it returns, used is when the server was last used as far as is known, in milliseconds.
 */
export function watchIdle({url, limits, tell}) {
    const known = {used: Date.now()};
    const look = async () => {
        let text = null;
        try {
            const answer = await ask(url, {cache: 'no-store', redirect: 'error'});
            if (answer.ok) {
                const times = await answer.json();
                known.used = Date.now() - times.unused * 1000;
                text = warning(times, limits);
            }
        } catch {
            // The connection says what is the matter.
        }
        tell(text);
        setTimeout(look, text === null ? EACH : WARNED);
    };
    look();
    return known;
}
