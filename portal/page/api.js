/** The portal's interface (/web/v1) as this page uses it. A refusal is thrown as a Refusal. */

import {language, t} from "./i18n.js";
import {endSession, session, setSession} from "./session.js";

const BASE = "/web/v1";

/** What the server (or the network) refused, in the user's words. */
export class Refusal extends Error {
    /** @param {{status?: number, code: string, title: string, detail?: string, remedy?: string}} problem */
    constructor(problem) {
        super(problem.title);
        this.status = problem.status ?? 0;
        this.code = problem.code;
        this.title = problem.title;
        this.detail = problem.detail ?? "";
        this.remedy = problem.remedy ?? "";
    }
}

/** Asks the user to log in again and comes back when that was done, or fails with the refusal.
 * @type {(refusal: Refusal) => Promise<void>} */
let askAgain = (refusal) => Promise.reject(refusal);

/** @param {typeof askAgain} ask */
export function onSessionEnd(ask) {
    askAgain = ask;
}

/** @returns {Refusal} */
export function unreachable() {
    return new Refusal({
        code: "network",
        title: t("error.network"),
        remedy: t("error.network.remedy"),
    });
}

/**
 * @param {number} status
 * @param {string} text
 */
export function refusalOf(status, text) {
    try {
        const problem = JSON.parse(text);
        if (typeof problem.title === "string")
            return new Refusal({...problem, code: String(problem.code ?? ""), status});
    } catch {
        /* not the portal's own answer */
    }
    return new Refusal({
        status,
        code: `http-${status}`,
        title: t("error.answer"),
        detail: `HTTP ${status}`,
        remedy: t("error.answer.remedy"),
    });
}

/** @returns {Record<string, string>} */
export function commonHeaders() {
    const headers = {"Accept-Language": language()};
    const csrf = session()?.csrf;
    return csrf ? {...headers, "X-CSRF-Token": csrf} : headers;
}

export const address = (/** @type {string} */ path) => BASE + path;

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @param {AbortSignal} [signal]
 */
async function once(method, path, body, signal) {
    /** @type {Record<string, string>} */
    const headers = commonHeaders();
    if (body) headers["Content-Type"] = "application/json";
    const init = {method, headers, signal, body: body && JSON.stringify(body)};
    let response, text;
    try {
        response = await fetch(BASE + path, init);
        text = await response.text();
    } catch (problem) {
        throw signal?.aborted ? problem : unreachable();
    }
    if (!response.ok) throw refusalOf(response.status, text);
    return text === "" ? null : JSON.parse(text);
}

/** Another tab has logged in. If it was somebody else, what this page was about is not theirs.
 * @param {Refusal} problem */
async function readAgain(problem) {
    const now = await once("GET", "/session");
    if (now.user.login !== session()?.user.login) {
        location.assign("/");
        throw problem;
    }
    setSession(now);
}

/**
 * Does something that may find the session gone: then the user logs in again and it is done again.
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function withSession(act) {
    try {
        return await act();
    } catch (problem) {
        if (!(problem instanceof Refusal)) throw problem;
        if (problem.code === "not-logged-in") await askAgain(problem);
        else if (problem.code === "csrf" && session() !== null) await readAgain(problem);
        else throw problem;
        return act();
    }
}

/**
 * @param {string} path below /web/v1, with its query
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function get(path, signal) {
    return withSession(() => once("GET", path, undefined, signal));
}

/**
 * @param {"POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export function send(method, path, body) {
    return withSession(() => once(method, path, body));
}

/** Without a session's care: for pages that anyone may see.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} */
export function getOpen(path, signal) {
    return once("GET", path, undefined, signal);
}

/**
 * @param {string} login
 * @param {string} password
 */
export async function logIn(login, password) {
    setSession(await once("POST", "/session", {login, password}));
}

/** The session that the cookie stands for; false when there is none. */
export async function resume() {
    try {
        setSession(await once("GET", "/session"));
        return true;
    } catch (problem) {
        if (!(problem instanceof Refusal) || problem.status !== 401) throw problem;
        endSession(false);
        return false;
    }
}

export async function logOut() {
    try {
        await once("DELETE", "/session");
    } catch (problem) {
        if (!(problem instanceof Refusal) || problem.status !== 401) throw problem;
    }
    endSession(true);
}

/**
 * A path with parts that came from elsewhere: path`/orders/${number}`.
 * @param {TemplateStringsArray} texts
 * @param {...string} parts
 */
export function path(texts, ...parts) {
    return String.raw({raw: texts}, ...parts.map(encodeURIComponent));
}
