/** Elements without markup texts: Trusted Types are enforced, so nothing here takes HTML. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Properties */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Element} element
 * @param {string} name
 * @param {any} value
 */
function set(element, name, value) {
    if (value === undefined || value === null || value === false) return;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "value" || name === "checked")
        /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * An element. A function among the properties is a listener ({click: f}); false, null and undefined
 * leave a property out. Children are nodes and texts, also in lists.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const child of children.flat())
        if (child !== null && child !== undefined && child !== false)
            element.append(child instanceof Node ? child : String(child));
    for (const [name, value] of Object.entries(properties)) set(element, name, value);
    return element;
}

/** Drawings of 20 by 20, in strokes. */
const drawings = {
    view: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M13 13l4 4",
    edit: "M4 16l.8-3.4L13.4 4l2.6 2.6L7.4 15.2zM11.8 5.6l2.6 2.6",
    plus: "M10 4v12M4 10h12",
    download: "M10 3v9m-4-3.5l4 4 4-4M4 16.5h12",
    reset: "M4.5 10a5.5 5.5 0 1 0 1.8-4.1M4 3.5v3.4h3.4",
    check: "M4 10.5l4 4 8-9",
    alert: "M10 3.5 17.5 16.5h-15zM10 8v4M10 14.2v.3",
    info: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M10 9v4.5M10 6.3v.4",
    close: "M5 5l10 10M15 5L5 15",
    menu: "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
    key: "M6.5 9h7v7a1.5 1.5 0 0 1-1.5 1.5h-4A1.5 1.5 0 0 1 6.5 16zM8 9V3h4v6",
    user: "M10 3a3.3 3.3 0 1 0 0 6.6A3.3 3.3 0 0 0 10 3M3.5 17a6.5 6.5 0 0 1 13 0",
    seal: "M10 3.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M7 10.3l2.2 2.2L13.2 8",
    clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 6.5V10l2.5 2",
    previous: "M12.5 4.5L7 10l5.5 5.5",
    next: "M7.5 4.5L13 10l-5.5 5.5",
    file: "M5 2.5h7l3.5 3.5v11.5H5zM12 2.5V6h3.5",
    list: "M7 5h9.5M7 10h9.5M7 15h9.5M3.5 5h.3M3.5 10h.3M3.5 15h.3",
    help: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15M7.8 8a2.2 2.2 0 1 1 3.4 1.9c-.8.5-1.2.9-1.2 1.8M10 14v.3",
};

/**
 * A drawing that screen readers skip.
 * @param {keyof typeof drawings} name
 * @returns {SVGElement}
 */
export function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({
        viewBox: "0 0 20 20",
        class: "icon",
        "aria-hidden": "true",
        focusable: "false",
    }))
        svg.setAttribute(key, value);
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", drawings[name]);
    svg.append(path);
    return svg;
}

/** @typedef {keyof typeof drawings} IconName */

let count = 0;
/** An id that no other element of this page has. */
export function freshId() {
    count += 1;
    return `e${count}`;
}
