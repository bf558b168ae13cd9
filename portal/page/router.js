/** Which view an address shows, and the way between them by the History API. */

import {unreachable} from "./api.js";
import {closeDialogs} from "./dialog.js";
import {h} from "./dom.js";
import {t} from "./i18n.js";
import {button, clearMessages, head, problemNotice, problemOf} from "./ui.js";

/**
 * @typedef {object} Context what a view gets
 * @property {Record<string, string>} params of the address
 * @property {URLSearchParams} query
 * @property {string} path
 * @property {AbortSignal} signal of this visit: aborted when the user goes elsewhere
 * @property {(path: string, options?: {replace?: boolean}) => Promise<void>} go
 * @property {() => Promise<void>} reload the same view afresh, with what was typed kept
 */
/** @typedef {{title: (context: Context) => string, render: (context: Context) => Node | Promise<Node>}} View */
/**
 * @typedef {object} Route
 * @property {string} path with {names}
 * @property {() => Promise<View>} load
 * @property {string[]} roles who may see it; empty: anyone
 */

/** Faster answers than this show no skeleton, which would only flicker. */
export const SKELETON_AFTER_MS = 200;

/** Addresses below these are files, not views. */
const FILES = /^\/(assets|downloads|sdk|web)\//;

/**
 * An address that somebody else may have written, as a path of this site.
 * @param {string} text
 * @returns {string | null} null: it leads elsewhere, or is none
 */
export function ownPath(text) {
    if (!text.startsWith("/")) return null;
    try {
        const {origin, pathname, search, hash} = new URL(text, location.origin);
        const own = origin === location.origin && !pathname.startsWith("//");
        return own ? pathname + search + hash : null;
    } catch {
        return null;
    }
}

/** @param {string} part of a path; one with a broken escape stays as it is */
function decoded(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/**
 * @param {string} pattern
 * @param {string} path
 * @returns {Record<string, string> | null}
 */
function match(pattern, path) {
    const wanted = pattern.split("/"),
        given = path.split("/");
    if (wanted.length !== given.length) return null;
    /** @type {Record<string, string>} */
    const params = {};
    for (const [i, part] of wanted.entries()) {
        if (part.startsWith("{")) params[part.slice(1, -1)] = decoded(given[i]);
        else if (part !== given[i]) return null;
    }
    return params;
}

/** What is shown where a view's module can't be fetched.
 * @type {View} */
const notLoaded = {
    title: () => t("error.load"),
    render: () => {
        throw unreachable();
    },
};

/** @param {string} title */
function skeleton(title) {
    return h(
        "div",
        {},
        head(title),
        h(
            "div",
            {class: "skeleton", role: "status"},
            h("p", {class: "hidden"}, t("loading")),
            [1, 2, 3, 4].map(() => h("div", {"aria-hidden": "true"})),
        ),
    );
}

const CONTROLS = "a, button:enabled, input:enabled, select:enabled, textarea:enabled, summary";

/** @param {Element} element */
function identityOf(element) {
    return (
        element.getAttribute("name") ??
        element.getAttribute("aria-label") ??
        element.textContent ??
        ""
    );
}

export class Router {
    /**
     * @param {object} options
     * @param {HTMLElement} options.main where views appear
     * @param {Route[]} options.routes
     * @param {View} options.missing
     * @param {(route: Route | null, path: string) => string | null} options.guard another path to go to
     * @param {() => void} options.shown called when the address has changed
     */
    constructor({main, routes, missing, guard, shown}) {
        this.main = main;
        this.routes = routes;
        this.missing = missing;
        this.guard = guard;
        this.shown = shown;
        this.visit = new AbortController();
        this.last = "";
        addEventListener("popstate", () => this.show(false));
        document.addEventListener("click", (event) => this.#clicked(event));
    }

    /** @param {MouseEvent} event */
    #clicked(event) {
        const target = /** @type {Element} */ (event.target);
        const link = target.closest("a");
        if (
            !link ||
            event.defaultPrevented ||
            event.button !== 0 ||
            event.ctrlKey ||
            event.metaKey ||
            event.shiftKey ||
            event.altKey ||
            link.target ||
            link.hasAttribute("download")
        )
            return;
        if (link.origin !== location.origin || FILES.test(link.pathname)) return;
        if (link.hash && link.pathname === location.pathname && link.search === location.search)
            return;
        event.preventDefault();
        this.go(link.pathname + link.search + link.hash);
    }

    /**
     * @param {string} path
     * @param {{replace?: boolean}} [options]
     */
    async go(path, {replace = false} = {}) {
        if (replace) history.replaceState(null, "", path);
        else history.pushState(null, "", path);
        await this.show(true);
    }

    /** @returns {{route: Route | null, params: Record<string, string>}} */
    #find() {
        for (const route of this.routes) {
            const params = match(route.path, location.pathname);
            if (params) return {route, params};
        }
        return {route: null, params: {}};
    }

    /** Shows what the address says.
     * @param {boolean} top also scroll there, as for a new page */
    async show(top) {
        const {route, params} = this.#find();
        const elsewhere = this.guard(route, location.pathname + location.search);
        if (elsewhere !== null) return this.go(elsewhere, {replace: true});
        this.visit.abort();
        const visit = (this.visit = new AbortController());
        closeDialogs();
        clearMessages();
        const samePage = this.last === location.pathname;
        this.last = location.pathname;
        await this.#render(visit, route, params);
        if (visit.signal.aborted) return;
        if (location.hash !== "") document.getElementById(location.hash.slice(1))?.scrollIntoView();
        else if (top && !samePage) scrollTo(0, 0);
        if (!samePage)
            /** @type {HTMLElement | null} */ (
                this.main.querySelector("[data-first]") ?? this.main.querySelector("h1")
            )?.focus({preventScroll: true});
    }

    /** The same view afresh: after a change, or in another language. */
    async reload() {
        const {route, params} = this.#find();
        const typed = this.#typed();
        const visit = (this.visit = new AbortController());
        await this.#render(visit, route, params);
        for (const input of this.#inputs())
            if (typed.has(input.name)) input.value = String(typed.get(input.name));
    }

    /** @returns {NodeListOf<HTMLInputElement>} */
    #inputs() {
        return this.main.querySelectorAll(
            "input[name]:not([type=radio]):not([type=file]), select[name], textarea[name]",
        );
    }

    #typed() {
        return new Map(Array.from(this.#inputs(), (input) => [input.name, input.value]));
    }

    /** What tells the control apart that has the focus; null when none of the view's has it. */
    #focused() {
        const active = document.activeElement;
        return active && this.main.contains(active) ? identityOf(active) : null;
    }

    /** The control that took its place, or the page's title.
     * @param {string} identity */
    #focusAgain(identity) {
        /** @type {HTMLElement[]} */
        const controls = Array.from(this.main.querySelectorAll(CONTROLS));
        const again = controls.find((control) => identityOf(control) === identity);
        (again ?? this.main.querySelector("h1"))?.focus({preventScroll: true});
    }

    /**
     * @param {AbortController} visit
     * @param {Route | null} route
     * @param {Record<string, string>} params
     */
    async #render(visit, route, params) {
        const view = route ? await route.load().catch(() => notLoaded) : this.missing;
        if (visit.signal.aborted) return;
        const focused = this.#focused();
        /** @type {Context} */
        const context = {
            params,
            query: new URLSearchParams(location.search),
            path: location.pathname,
            signal: visit.signal,
            go: (path, options) =>
                visit.signal.aborted ? Promise.resolve() : this.go(path, options),
            reload: () => (visit.signal.aborted ? Promise.resolve() : this.reload()),
        };
        document.title = view.title(context);
        this.shown();
        const waiting = setTimeout(
            () => this.main.replaceChildren(skeleton(view.title(context))),
            SKELETON_AFTER_MS,
        );
        let shown;
        try {
            shown = await view.render(context);
        } catch (thrown) {
            shown = h(
                "div",
                {},
                head(t("error.load")),
                problemNotice(
                    problemOf(thrown),
                    button({label: t("retry"), kind: "primary", act: () => this.reload()}),
                ),
            );
        } finally {
            clearTimeout(waiting);
        }
        if (visit.signal.aborted) return;
        this.main.replaceChildren(shown);
        if (focused !== null && document.activeElement === document.body) this.#focusAgain(focused);
    }
}
