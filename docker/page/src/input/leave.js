// The desktop takes every key, Tab too. Ctrl+Alt+Shift, pressed and released with no other key, leads out of it.

const MODIFIERS = ['Control', 'Alt', 'Shift', 'Meta'];

/** Calls leave() for these keys. */
export function leaveWith(leave) {
    let armed = false;
    addEventListener('keydown', (event) => {
        const all = event.ctrlKey && event.altKey && event.shiftKey;
        // AltGr is Control and Alt in some systems, and writes capitals with Shift.
        armed = all && MODIFIERS.includes(event.key) && !event.getModifierState('AltGraph');
    }, {capture: true});
    addEventListener('keyup', () => {
        if (armed) leave();
        armed = false;
    }, {capture: true});
}
