// Why the desktop can't be reached, and what to say about it.

const ANSWER = 10_000;  // milliseconds that the gateway has to say what is the matter

/**
 * What the gateway answers for the page itself: 'desktop' (the server runs), 'stopped', 'starting', 'failed' (to
 * start), 'login' (she is logged out), 'gateway' (hub or proxy fail) or 'network' (nothing answers).
 *
 * Where only the server's own login has expired, asking renews it. health: where the hub says that it runs.
 */
export async function whyLost({page = location.pathname, health}) {
    try {
        return classify(await ask(page), page);
    } catch {
        // The page may not follow a redirect to a login elsewhere.
        return ask(health).then(({ok}) => (ok ? 'login' : 'gateway'), () => 'network');
    }
}

// JupyterHub answers "no-cors" as it answers a page that is opened: without its token against forgery.
function ask(path) {
    const signal = AbortSignal.timeout(ANSWER);
    return fetch(path, {mode: 'no-cors', cache: 'no-store', headers: {Accept: 'text/html'}, signal});
}

/** The same from a Response; exported for tests. */
export function classify({status, url}, page) {
    const {pathname} = new URL(url);
    if (/\/hub\/spawn-pending\//.test(pathname)) return status === 200 ? 'starting' : 'failed';
    if (status === 424) return 'stopped';
    if (status >= 500) return 'gateway';
    return status === 200 && pathname === page ? 'desktop' : 'login';
}

const COMES_BACK = 'What runs in the desktop goes on.';
const ENDED = 'What was open in the desktop has ended.';

/**
 * What to tell the user, as {text, action}; action is the id of the one control to show.
 *
 * why: of whyLost, or null while it is not known. limits: {idle, age}, seconds that a server may be unused and may
 * run, NaN where there is no such limit. started, used: when the server started, and when it was last used as far as
 * is known, in milliseconds.
 */
export function explain(why, {limits, started, used, now = Date.now()}) {
    switch (why) {
        case 'stopped':
            return {text: `Your server was stopped${because(limits, started, used, now)}. ${ENDED}`, action: 'start'};
        case 'failed':
            return {text: `Your server did not start. ${ENDED}`, action: 'start'};
        case 'starting':
            return {text: 'Your server is starting or stopping. The desktop opens here when it runs.', action: null};
        case 'login':
            return {text: `You are logged out. ${COMES_BACK}`, action: 'login'};
        case 'gateway':
            return {text: `The gateway does not answer at the moment. ${COMES_BACK}`, action: 'reconnect'};
        case 'network':
            return {text: `This computer does not reach the gateway. ${COMES_BACK}`, action: 'reconnect'};
        default:
            return {text: `The connection to the desktop is lost. ${COMES_BACK}`, action: 'reconnect'};
    }
}

/** The hub does not say who stopped a server; what it does by itself can be told by the time. */
function because({idle, age}, started, used, now) {
    const unused = used + idle * 1000;
    const old = started + age * 1000;
    if (old <= now && !(unused <= old)) return `, because none runs longer than ${duration(age)}`;
    if (unused <= now) return `, because nobody used it for ${duration(idle)}`;
    return ': on the hub\'s page, by an administrator, or because its machine failed';
}

/** In whole minutes, or in hours. */
export function duration(seconds) {
    const [number, unit] = seconds >= 3600 ? [Math.round(seconds / 3600), 'hour'] : [Math.round(seconds / 60), 'minute'];
    return `${number} ${unit}${number === 1 ? '' : 's'}`;
}
