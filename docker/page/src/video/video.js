// Shows what moves as a video while VNC does not carry it; docs/adr/0012-video.md.
import {ALIVE, FRAME, HELLO, MOVES, Messages, READY, SHOWN, STILL, WATCHES, message} from './messages.js';
import {Watch, carries, wait} from './rules.js';

const PERIOD = 100;   // milliseconds between two looks at whether it runs
const DRAIN = 100;    // milliseconds that the decoder has for its last frames

/** One for the page. All that goes wrong ends in VNC. */
export class Video {
    /** url: the WebSocket's. frames: tells how many frames VNC has shown. place: gets data-video while a video runs. */
    constructor({url, frames, place}) {
        this._url = url;
        this._frames = frames;
        this._place = place;
        this._desktop = null;
        this._socket = null;
        this._timer = null;
        this._failures = 0;
        this._able = false;   // whether the browser can show what comes
        this._watch = new Watch();
        this._decoder = null;
        this._offer = null;   // {video, rect, begin, frames}: what could be a video
        this._running = null; // {video, ready}: what VNC leaves out, or is about to
        document.addEventListener('visibilitychange', () => this._tellWhetherWatched());
        setInterval(() => {
            if (this._running && this._watch.broken(performance.now())) this._fail();
        }, PERIOD);
    }

    /** The desktop (see around.js) is connected; null: it no longer is. */
    set desktop(desktop) {
        this._close();
        this._desktop = desktop;
        this._failures = 0;
        desktop?.addEventListener('resized', () => this._forget());
        this._open();
    }

    /** Whether VNC leaves out a part. */
    get running() {
        return this._running !== null;
    }

    _open() {
        if (!this._desktop || this._socket || !window.VideoDecoder) return;
        clearTimeout(this._timer);
        const socket = new WebSocket(this._url);
        socket.binaryType = 'arraybuffer';
        const messages = new Messages();
        socket.onmessage = ({data}) => {
            this._watch.heard(performance.now());
            for (const one of messages.take(new Uint8Array(data))) this._take(one);
        };
        socket.onclose = () => this._fail();
        this._socket = socket;
    }

    _close() {
        clearTimeout(this._timer);
        if (this._socket) {
            this._socket.onmessage = this._socket.onclose = null;
            this._socket.close();
            this._socket = null;
            this._able = false;
        }
        this._end();
    }

    /** Back to VNC at once, and a new try later. */
    _fail() {
        this._close();
        this._timer = setTimeout(() => this._open(), wait(this._failures));
        this._failures += 1;
    }

    _take({kind, ...what}) {
        const current = this._running?.video === what.video;
        if (kind === HELLO) this._hello(what.codec);
        else if (kind === MOVES) this._moves(what);
        else if (kind === FRAME && current) this._frame(what);
        else if (kind === STILL && current) this._drain();
    }

    async _hello(codec) {
        const socket = this._socket;
        this._config = {codec, optimizeForLatency: true};
        const {supported} = await VideoDecoder.isConfigSupported(this._config).catch(() => ({supported: false}));
        if (socket !== this._socket) return;
        this._able = supported;
        this._tellWhetherWatched();
    }

    /** The pictures of a hidden page are nobody's. */
    _tellWhetherWatched() {
        if (document.hidden) this._end();
        if (this._able && this._socket) this._socket.send(message(WATCHES, Number(!document.hidden)));
    }

    _moves({video, rect, redraws}) {
        if (document.hidden || this._running?.video === video) return;
        const [now, frames] = [performance.now(), this._frames()];
        const before = this._offer;
        this._offer = {video, now, frames};
        if (before?.video !== video) return;
        const seen = (frames - before.frames) * 1000 / (now - before.now);
        if (!carries(seen, redraws)) this._start(video, rect);
    }

    async _start(video, rect) {
        const left = this._desktop.leaveOut(rect);
        if (!left) return;
        const running = this._running = {video};
        this._watch.begin(performance.now());
        await left;
        if (this._running !== running) return;
        this._decoder = new VideoDecoder({
            output: (frame) => this._paint(running, frame),
            error: () => this._fail(),
        });
        this._decoder.configure(this._config);
        this._socket.send(message(READY, video));
    }

    _frame({number, key, data}) {
        this._watch.came(performance.now());
        this._decoder.decode(new EncodedVideoChunk({type: key ? 'key' : 'delta', timestamp: number, data}));
    }

    _paint(running, frame) {
        if (this._running !== running) {
            frame.close();
            return;
        }
        this._watch.painted();
        this._failures = 0;
        this._place.dataset.video = 'running';
        this._socket.send(message(SHOWN, frame.timestamp));
        this._desktop.paint(frame);
    }

    /** The last frames are still shown; then it is VNC's again. */
    async _drain() {
        const running = this._running;
        const late = new Promise((done) => { setTimeout(done, DRAIN); });
        await Promise.race([this._decoder?.flush().catch(() => {}), late]);
        if (this._running === running) this._end();
    }

    _end() {
        if (this._running) this._desktop?.takeBack();
        this._forget();
    }

    _forget() {
        this._running = this._offer = null;
        if (this._decoder && this._decoder.state !== 'closed') this._decoder.close();
        this._decoder = null;
        delete this._place.dataset.video;
    }
}
