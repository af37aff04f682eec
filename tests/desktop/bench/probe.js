// Runs in the page before anything else of it: sees what is painted and what arrives, in any noVNC page.
(() => {
    const probe = window.probe = {bytes: 0, map: null, pad: null, frames: [], clicks: [], pressed: null};
    const BIT = 16, BITS = 6, BORDER = 2;

    // A proxy and no subclass: noVNC looks for a socket's methods on its own prototype.
    window.WebSocket = new Proxy(window.WebSocket, {
        construct(target, given) {
            const socket = Reflect.construct(target, given);
            socket.addEventListener('message', ({data}) => { probe.bytes += data.byteLength ?? data.size ?? data.length; });
            return socket;
        },
    });

    const canvas = () => document.querySelector('#screen canvas, #noVNC_container canvas, #noVNC_canvas');
    const pixel = (x, y) => canvas().getContext('2d').getImageData(x, y, 1, 1).data;
    const colour = ([r, g]) => (r > 150 && g < 100 ? 'red' : r < 80 && g > 110 ? 'green' : null);

    // The pad is the only large patch of its red or green: looked for on a coarse grid.
    probe.locate = () => {
        const seen = canvas();
        if (!seen || !seen.width) return null;
        const context = seen.getContext('2d'), {data} = context.getImageData(0, 0, seen.width, seen.height);
        const at = (x, y) => {
            const i = (y * seen.width + x) * 4, [r, g, b] = data.subarray(i, i + 3);
            return (Math.abs(r - 200) < 12 && Math.abs(g - 40) < 12 && Math.abs(b - 40) < 12) ||
                (r < 12 && Math.abs(g - 160) < 12 && Math.abs(b - 60) < 12);
        };
        for (let y = 20; y < seen.height; y += 20) {
            for (let x = 20; x < 400; x += 20) {
                if (![0, 40, 80, 120].every((d) => at(x + d, y) && at(x, Math.min(y + d, seen.height - 1)))) continue;
                let left = x, top = y;
                while (at(left - 1, y)) left -= 1;
                while (at(x, top - 1)) top -= 1;
                left -= BORDER;
                top -= BORDER;
                // The map stands 5 to the pad's right, centred on it.
                probe.pad = {x: left + 100, y: top + 100};
                probe.map = {x: left + 200 + 5, y: top + 100 - 300};
                return {pad: probe.pad, map: probe.map};
            }
        }
        return null;
    };

    probe.number = () => {
        const {data} = canvas().getContext('2d').getImageData(probe.map.x, probe.map.y + BIT / 2, BIT * BITS, 1);
        let number = 0;
        for (let bit = 0; bit < BITS; bit++) if (data[(bit * BIT + BIT / 2) * 4 + 1] > 127) number |= 1 << bit;
        return number;
    };

    // What the display shows: one look at each of its frames.
    probe.watch = (milliseconds) => new Promise((done) => {
        const begin = performance.now(), bytes = probe.bytes;
        let last = probe.number(), changes = 0;
        const look = () => {
            const number = probe.number();
            if (number !== last) { changes += 1; last = number; }
            const passed = performance.now() - begin;
            if (passed < milliseconds) requestAnimationFrame(look);
            else done({fps: changes * 1000 / passed, bytes: (probe.bytes - bytes) * 1000 / passed});
        };
        requestAnimationFrame(look);
    });

    // Click to pixel: from the browser's event to the moment that the pad's other colour is on the canvas.
    addEventListener('mousedown', () => {
        if (probe.pad) probe.pressed = {time: performance.now(), colour: colour(pixel(probe.pad.x, probe.pad.y))};
    }, {capture: true});
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (...given) {
        draw.apply(this, given);
        const {pressed} = probe;
        if (!pressed || this.canvas !== canvas()) return;
        const now = colour(pixel(probe.pad.x, probe.pad.y));
        if (now && now !== pressed.colour) {
            probe.clicks.push(performance.now() - pressed.time);
            probe.pressed = null;
        }
    };

    // The map as painted now, and which of its frames it is.
    probe.picture = () => {
        const copy = document.createElement('canvas');
        [copy.width, copy.height] = [900, 600];
        copy.getContext('2d').drawImage(canvas(), -probe.map.x, -probe.map.y);
        return {number: probe.number(), png: copy.toDataURL('image/png')};
    };
})();
