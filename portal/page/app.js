/** Puts the page together: session, routes, shell. */

import {logOut, onSessionEnd, resume} from "./api.js";
import {h} from "./dom.js";
import {language, setLanguage, t} from "./i18n.js";
import {askLogIn} from "./login_again.js";
import {ownPath, Router, SKELETON_AFTER_MS} from "./router.js";
import {endSession, homeOf, maybeLoggedIn, onOtherUser, session} from "./session.js";
import {Shell} from "./shell.js";
import {tell} from "./ui.js";
import {offerToWatch} from "./work.js";
import * as missing from "./view_missing.js";

/** @typedef {import("./router.js").Route} Route */

const owners = ["bidder", "reviewer"];

/** @type {Route[]} */
const routes = [
    {path: "/login", roles: [], load: () => import("./view_login.js")},
    {path: "/help", roles: [], load: () => import("./view_help.js")},
    {path: "/orders", roles: owners, load: () => import("./view_orders.js")},
    {path: "/orders/new", roles: ["bidder"], load: () => import("./view_new_order.js")},
    {path: "/orders/{number}", roles: owners, load: () => import("./view_order.js")},
    {path: "/keys", roles: owners, load: () => import("./view_keys.js")},
    {path: "/keys/{serial}/seal", roles: owners, load: () => import("./view_seal.js")},
    {path: "/resets", roles: owners, load: () => import("./view_resets.js")},
    {path: "/review", roles: ["reviewer"], load: () => import("./view_review.js")},
    {path: "/review/{number}", roles: ["reviewer"], load: () => import("./view_order.js")},
    {path: "/users", roles: ["administrator"], load: () => import("./view_users.js")},
    {path: "/audit", roles: ["administrator"], load: () => import("./view_audit.js")},
    {
        path: "/account",
        roles: [...owners, "administrator"],
        load: () => import("./view_account.js"),
    },
];

const loginAt = (/** @type {string} */ next) =>
    next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`;

/**
 * Where someone belongs who may not see a route.
 * @param {Route | null} route
 * @param {string} path
 */
function guard(route, path) {
    const role = session()?.user.role;
    if (location.pathname === "/") return role ? homeOf(role) : "/login";
    if (route === null) return null;
    if (route.path === "/login")
        return role
            ? (ownPath(new URLSearchParams(location.search).get("next") ?? "") ?? homeOf(role))
            : null;
    if (route.roles.length > 0 && !role) return loginAt(path);
    return route.roles.length > 0 && !route.roles.includes(String(role))
        ? homeOf(/** @type {any} */ (role))
        : null;
}

const shell = new Shell({
    logOut: async () => {
        await logOut();
        await router.go("/login");
        tell(t("logged.out"));
    },
    languageChanged: () => router.reload(),
});

const router = new Router({main: shell.main, routes, missing, guard, shown: () => shell.draw()});

onSessionEnd(async (refusal) => {
    const before = session()?.user.login;
    if (before && (await askLogIn(before))) {
        if (session()?.user.login === before) return shell.draw();
        location.assign("/");
    } else {
        const next = location.pathname + location.search;
        endSession(false);
        if (location.pathname !== "/login")
            await router.go(`${loginAt(next)}${next === "/" ? "?" : "&"}ended=1`, {replace: true});
    }
    throw refusal;
});

onOtherUser(() => location.reload());

async function start() {
    setLanguage(language());
    shell.draw();
    const waiting = setTimeout(
        () => shell.main.replaceChildren(h("p", {role: "status"}, t("loading"))),
        SKELETON_AFTER_MS,
    );
    if (maybeLoggedIn()) await resume().catch(() => false);
    clearTimeout(waiting);
    await router.show(true);
    if (session()?.user.role === "bidder") offerToWatch(() => router.reload());
}

start();
