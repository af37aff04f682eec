// Requests of this page to the user's server.

/** fetch() that is taken for the user's own: a cookie alone counts only where a browser opens a page. */
export function ask(url, {headers, ...options} = {}) {
    return fetch(url, {headers: {'X-XSRFToken': cookie('_xsrf'), ...headers}, ...options});
}

function cookie(name) {
    return new RegExp(`(?:^|; )${name}=([^;]*)`).exec(document.cookie)?.[1] ?? '';
}
