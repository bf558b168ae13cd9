/** What a user can do next, by the code of what stopped the work with the key. */

import {path} from "./api.js";
import {t} from "./i18n.js";
import {button, linkButton} from "./ui.js";

/**
 * @typedef {object} Ways
 * @property {() => Promise<void>} retry
 * @property {(() => Promise<void>) | null} resume watch the operation again or go on with it, when there is one
 * @property {(() => Promise<void>) | null} abandon give it up; null: it can't be gone on with
 * @property {() => void} leave
 * @property {string | null} serial
 */
/** @typedef {"goon" | "abandon" | "retry" | "resume" | "wait" | "download" | "permission" | "trouble" | "reset" | "orders" | "seal"} Step */

/** @type {Record<string, Step[]>} */
const steps = {
    "not-installed": ["retry", "download", "trouble"],
    "too-old": ["download", "retry"],
    "foreign-program": ["retry", "trouble"],
    "permission-pending": ["retry", "permission"],
    "permission-denied": ["permission", "retry"],
    "blocked-by-csp": [],
    "origin-refused": [],
    "insecure-page": [],
    framed: [],
    "agent-lost": ["resume", "retry", "trouble"],
    "written-not-confirmed": ["wait"],
    "pin-locked": ["reset"],
    "renew-first": ["orders"],
    "seal-already-extended": [],
    "seal-holder": ["seal"],
    "order-not-approved": ["orders"],
    "earlier-order": ["orders"],
    "not-due": [],
    "administrator-pin-locked": [],
    "administrator-tries-low": [],
    "reset-limit": [],
    "reset-pin-rules": [],
    "management-day-limit": [],
    "unblock-refused": [],
    "key-memory": [],
    "key-unsupported": [],
    "job-conflict": [],
    "no-reader": ["retry", "trouble"],
    "no-key": ["retry", "trouble"],
    "pcsc-no-service": ["retry", "trouble"],
    "pcsc-no-permission": ["retry"],
};

/** What can be done whenever the operation can be gone on with; a retry would only find it again.
 * @type {Step[]} */
const broken = ["goon", "abandon"];

/** What a code that is not listed leaves to do: a new ticket is fetched each time, so that is safe. */
/** @type {Step[]} */
const otherwise = ["retry"];

/**
 * @param {Step} step
 * @param {Ways} ways
 * @param {boolean} first
 * @returns {HTMLElement | null}
 */
function control(step, ways, first) {
    const kind = first ? "primary" : "plain";
    /** @type {Record<string, string>} */
    const links = {
        download: "/help",
        permission: "/help#permission",
        trouble: "/help#trouble",
        reset: "/resets",
        orders: "/orders",
        seal: ways.serial === null ? "/keys" : path`/keys/${ways.serial}/seal`,
    };
    if (step in links)
        return linkButton(links[step], t(/** @type {"next.reset"} */ (`next.${step}`)), {kind});
    /** @type {Record<string, (() => Promise<void>) | null>} */
    const acts = {retry: ways.retry, abandon: ways.abandon};
    const act = step in acts ? acts[step] : ways.resume;
    const label = step === "retry" ? t("retry") : t(/** @type {"next.resume"} */ (`next.${step}`));
    return act && button({label, kind, act});
}

/**
 * The controls for what can be done next, the likeliest first.
 * @param {string} code
 * @param {Ways} ways
 * @returns {HTMLElement[]}
 */
export function nextSteps(code, ways) {
    /** @type {HTMLElement[]} */
    const controls = [];
    const known = steps[code] ?? otherwise;
    const offered = ways.abandon
        ? [...broken, ...known.filter((step) => step !== "retry" && step !== "resume")]
        : known;
    for (const step of offered) {
        const one = control(step, ways, controls.length === 0);
        if (one) controls.push(one);
    }
    return controls;
}
