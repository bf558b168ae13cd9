/** Who is logged in. The session itself is a cookie that scripts can't read; this holds what the server
 * says of it. */

/**
 * @typedef {object} User
 * @property {string} login
 * @property {string} name
 * @property {"bidder" | "reviewer" | "administrator"} role
 * @property {string | null} organisation
 * @property {string} department
 * @property {string} office_phone
 * @property {string} mobile_phone
 * @property {string} email
 */
/**
 * @typedef {object} Session
 * @property {User} user
 * @property {string} csrf
 * @property {string} platform
 * @property {number} fee_fen_per_month
 */

/** Whose session this browser has probably, so that nobody else's page load asks for one; "" once the user
 * has logged out. */
const HINT = "session";

/** @type {Session | null} */
let current = null;

/** @returns {Session | null} */
export function session() {
    return current;
}

/** @returns {User} */
export function user() {
    if (current === null) throw new Error("nobody is logged in");
    return current.user;
}

/** @param {Session} value */
export function setSession(value) {
    current = value;
    localStorage.setItem(HINT, value.user.login);
}

/** @param {boolean} left the user has logged out: what was typed is forgotten too */
export function endSession(left) {
    current = null;
    if (left) {
        localStorage.setItem(HINT, "");
        sessionStorage.clear();
    } else localStorage.removeItem(HINT);
}

export function maybeLoggedIn() {
    return current !== null || Boolean(localStorage.getItem(HINT));
}

/** The session is that of all tabs: one of them logged out, or somebody else in.
 * @param {() => void} changed */
export function onOtherUser(changed) {
    addEventListener("storage", ({key, newValue}) => {
        const mine = current?.user.login;
        if (key === HINT && mine && newValue !== null && newValue !== mine) changed();
    });
}

/** @param {User["role"]} role */
export function homeOf(role) {
    return {bidder: "/orders", reviewer: "/review", administrator: "/users"}[role];
}
