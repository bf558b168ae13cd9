/** The page's language and its texts: one table, each entry in Chinese and in English. */

import {adminTexts} from "./text_admin.js";
import {agentTexts} from "./text_agent.js";
import {commonTexts} from "./text_common.js";
import {keyTexts} from "./text_key.js";
import {orderTexts} from "./text_order.js";

const texts = {...commonTexts, ...orderTexts, ...keyTexts, ...agentTexts, ...adminTexts};

/** @typedef {keyof typeof texts} TextKey */
/** @typedef {"zh-CN" | "en"} Language */

const STORED = "language";

/** @returns {Language} */
function remembered() {
    const stored = localStorage.getItem(STORED);
    if (stored === "zh-CN" || stored === "en") return stored;
    return navigator.language.toLowerCase().startsWith("en") ? "en" : "zh-CN";
}

/** @type {Language} */
let current = remembered();

/** @returns {Language} */
export function language() {
    return current;
}

/** @param {Language} wanted */
export function setLanguage(wanted) {
    current = wanted;
    localStorage.setItem(STORED, wanted);
    document.documentElement.lang = wanted;
}

/**
 * @param {TextKey} key
 * @param {object} [values] whose members stand for the {names} in the text
 */
export function t(key, values = {}) {
    const text = texts[key][current === "en" ? 1 : 0];
    const known = /** @type {Record<string, unknown>} */ (values);
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(known[name] ?? whole));
}

/**
 * The text of a value that the server named, as "state" and "待审核" for "state.待审核"; the value
 * itself when the table doesn't know it.
 * @param {string} group
 * @param {string} value
 */
export function tx(group, value) {
    const key = `${group}.${value}`;
    return key in texts ? t(/** @type {TextKey} */ (key)) : value;
}

/**
 * @param {string} key
 * @returns {key is TextKey}
 */
export function hasText(key) {
    return key in texts;
}
