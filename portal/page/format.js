/** Numbers, money and times as people read them. */

import {language, t} from "./i18n.js";

const two = (/** @type {number} */ n) => String(n).padStart(2, "0");

/**
 * @param {string | null | undefined} rfc3339
 * @returns {string} 2023-10-23, of this computer's time zone
 */
export function day(rfc3339) {
    if (!rfc3339) return "–";
    const at = new Date(rfc3339);
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/**
 * @param {string | null | undefined} rfc3339
 * @returns {string} 2023-10-23 19:16:34
 */
export function moment(rfc3339) {
    if (!rfc3339) return "–";
    const at = new Date(rfc3339);
    return `${day(rfc3339)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/**
 * What a person calls a key of this kind.
 * @param {string} profile as it was registered with, or the agent's driver
 */
export function keyKind(profile) {
    return t(profile === "piv" ? "key.kind.piv" : "key.kind.gmt");
}

/** @param {number} fen */
export function money(fen) {
    const whole = Math.trunc(fen / 100).toLocaleString("en-US");
    return t("money", {amount: `${whole}.${two(Math.abs(fen % 100))}`});
}

/** @param {number} bytes */
export function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
    return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** @param {number} months */
export function duration(months) {
    return t("months", {months});
}

/** @param {string[]} parts */
export function sentence(parts) {
    return parts.filter((part) => part !== "").join(language() === "en" ? " " : "");
}
