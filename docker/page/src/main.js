// The page: one connection, and what stands around it.
import {Clipboard} from './clipboard.js';
import {Connection} from './connection.js';
import {typeByTouch} from './touch.js';

const NO_LONGER_A_HICCUP = 4;  // tries that failed until the page offers to start the server again
const element = (id) => document.getElementById(id);
const url = new URL('socket', location.href);
url.protocol = url.protocol.replace('http', 'ws');
const connection = new Connection({url: url.href, screen: element('screen'), lastPicture: element('last-picture')});
const connected = () => connection.rfb;

const clipboard = new Clipboard({connection: connected, dialog: element('clipboard-dialog')});
connection.addEventListener('copied', ({detail}) => clipboard.fromDesktop(detail));
element('clipboard').addEventListener('click', () => element('clipboard-dialog').showModal());
element('clipboard-dialog').addEventListener('close', () => connected()?.focus());

connection.addEventListener('connected', () => {
    element('status').textContent = 'Connected';
    element('lost').hidden = true;
    element('screen').querySelector('canvas')?.setAttribute('aria-label', `${document.title} desktop`);
});
connection.addEventListener('lost', ({detail: {attempts, wait}}) => {
    element('status').textContent = 'Connection lost';
    element('reason').textContent =
        `The connection to the desktop is lost. What runs in it goes on. Next try in ${Math.ceil(wait / 1000)} s.`;
    element('start').hidden = attempts < NO_LONGER_A_HICCUP;
    element('lost').hidden = false;
});
element('reconnect').addEventListener('click', () => connection.retry());

element('fullscreen').addEventListener('click', async () => {
    if (document.fullscreenElement) {
        await document.exitFullscreen();
    } else {
        await document.documentElement.requestFullscreen();
        // Where it can be had, Escape and Alt+Tab go to the desktop; holding Escape leaves full screen.
        await navigator.keyboard?.lock?.();
    }
    connected()?.focus();
});
document.addEventListener('fullscreenchange', () => {
    element('fullscreen').setAttribute('aria-pressed', String(Boolean(document.fullscreenElement)));
});
element('fullscreen').hidden = !document.fullscreenEnabled;

typeByTouch({button: element('keyboard'), field: element('typing'), connection: connected});
