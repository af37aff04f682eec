// What is typed into the field and is not a key: the text of dead keys, input methods and emoji pickers, and all that
// the keyboard of a phone or tablet writes.
import {composes, difference, keysym} from './keys.js';

const BACKSPACE = 0xff08;
const FILLER = '\u00a0'.repeat(32);  // something for the backspace key to delete
const LONGEST = 200;

/** Sends what is written into `field`; `button` calls the keyboard of the screen, where there is one. */
export function typing({field, button, connection}) {
    const touch = matchMedia('(any-pointer: coarse)').matches;
    let sent;
    const empty = () => { sent = field.value = FILLER; };
    const send = () => {
        const {deleted, written} = difference(sent, field.value);
        const rfb = connection();
        for (let i = 0; i < deleted; i++) rfb?.sendKey(BACKSPACE, 'Backspace');
        for (const character of written) rfb?.sendKey(keysym(character), null);
        sent = field.value;
    };
    empty();
    // noVNC must not see it: it would keep the browser from composing.
    field.addEventListener('keydown', (event) => {
        if (composes(event)) event.stopImmediatePropagation();
    }, {capture: true});
    field.addEventListener('input', ({isComposing}) => {
        if (!isComposing) {
            send();
            empty();
        } else if (touch) {
            send();  // these compose every word, and show it meanwhile
        }
    });
    field.addEventListener('compositionend', () => {
        send();
        empty();
    });
    field.addEventListener('focus', () => field.value.length > LONGEST && empty());
    if (touch) callKeyboard(field, button);
    // Where the window of an input method opens.
    addEventListener('pointerdown', ({clientX, clientY}) => {
        const {left, top} = field.offsetParent.getBoundingClientRect();
        field.style.left = `${clientX - left}px`;
        field.style.top = `${clientY - top}px`;
    }, {capture: true, passive: true});
}

/** The keyboard of the screen comes when it is asked for, not with each touch of the desktop. */
function callKeyboard(field, button) {
    const call = (called) => {
        field.inputMode = called ? 'text' : 'none';
        button.setAttribute('aria-pressed', String(called));
    };
    call(false);
    button.hidden = false;
    button.addEventListener('click', () => {
        const called = field.inputMode === 'none';
        field.blur();  // it comes or goes with the focus
        call(called);
        field.focus();
    });
}
