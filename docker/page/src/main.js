// The page: one connection, and what stands around it.
import {Files} from './files/files.js';
import {Clipboard} from './input/clipboard.js';
import {leaveWith} from './input/leave.js';
import {Picture} from './input/picture.js';
import {typing} from './input/typing.js';
import {explain} from './link/away.js';
import {Connection} from './link/connection.js';
import {watchIdle} from './link/idle.js';

const element = (id) => document.getElementById(id);
const {title} = document;
const socket = (name) => new URL(name, location.href.replace(/^http/, 'ws')).href;
const connection = new Connection({
    url: socket('socket'),
    video: socket('video'),
    health: new URL('health', element('start').href).href,
    screen: element('screen'),
    field: element('typing'),
    lastPicture: element('last-picture'),
});
const connected = () => connection.rfb;

const files = new Files({
    server: new URL('..', location.href),
    place: element('desktop'),
    dialog: element('files-dialog'),
    transfers: element('transfers'),
});
element('files').addEventListener('click', () => files.open());
element('files-dialog').addEventListener('close', () => connected()?.focus());

const clipboard = new Clipboard({
    connection: connected, dialog: element('clipboard-dialog'), upload: (pasted) => files.upload(pasted),
});
connection.addEventListener('copied', ({detail}) => clipboard.fromDesktop(detail));
const picture = new Picture({url: new URL('picture', location.href), place: element('clipboard-dialog')});
element('clipboard').addEventListener('click', () => {
    element('clipboard-dialog').showModal();
    picture.look();
});
element('clipboard-dialog').addEventListener('close', () => connected()?.focus());

connection.addEventListener('connected', () => {
    clipboard.reconnected();
    element('status').textContent = 'Connected';
    element('lost').hidden = true;
    element('screen').querySelector('canvas')?.setAttribute('aria-label', `${title} desktop`);
});
const {running, idle, age, warn} = element('lost').dataset;
const limits = {idle: parseInt(idle, 10), age: parseInt(age, 10), warn: parseInt(warn, 10)};
const activity = watchIdle({
    url: 'activity',
    limits,
    tell: (text) => {
        // Only a change is read aloud.
        if (element('warning').textContent !== (text ?? '')) element('warning').textContent = text ?? '';
        document.title = text ? `Stops soon: ${title}` : title;
    },
});
const started = Date.now() - running * 1000;
connection.addEventListener('lost', ({detail: {why, wait}}) => {
    const {text, action} = explain(why, {limits, started, used: activity.used});
    element('status').textContent = 'Connection lost';
    element('reason').textContent = text;
    element('next').textContent = action === 'reconnect' ? `Next try in ${Math.ceil(wait / 1000)} s.` : '';
    for (const id of ['reconnect', 'start', 'login']) element(id).hidden = id !== action;
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

typing({button: element('keyboard'), field: element('typing'), connection: connected});
leaveWith(() => document.querySelector('nav :is(button, a):not([hidden])').focus());
