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

/** Says that this browser has probably a session, so that nobody else's page load asks for one. */
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
    localStorage.setItem(HINT, "1");
}

/** @param {boolean} drafts also forget what was typed */
export function endSession(drafts) {
    current = null;
    localStorage.removeItem(HINT);
    if (drafts) sessionStorage.clear();
}

export function maybeLoggedIn() {
    return current !== null || localStorage.getItem(HINT) !== null;
}

/** @param {User["role"]} role */
export function homeOf(role) {
    return {bidder: "/orders", reviewer: "/review", administrator: "/users"}[role];
}
