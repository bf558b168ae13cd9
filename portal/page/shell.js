/** What stands around every page: head, navigation, messages, language, log-out. */

import {h, icon} from "./dom.js";
import {language, setLanguage, t} from "./i18n.js";
import {session, user} from "./session.js";
import {button, messageArea} from "./ui.js";

/** @typedef {{href: string, label: string, symbol: import("./dom.js").IconName, below: RegExp}} Item */

/** @returns {Array<{label: string, items: Item[]}>} */
function groups() {
    /** @type {{label: string, items: Item[]}} */
    const service = {
        label: t("nav.service"),
        items: [
            {href: "/account", label: t("nav.account"), symbol: "user", below: /^\/account/},
            {href: "/help", label: t("nav.help"), symbol: "help", below: /^\/help/},
        ],
    };
    /** @type {Record<string, Item[]>} */
    const own = {
        bidder: [
            {href: "/orders", label: t("nav.ca"), symbol: "key", below: /^\/(orders|keys|resets)/},
        ],
        reviewer: [
            {href: "/review", label: t("nav.review"), symbol: "check", below: /^\/review/},
            {href: "/resets", label: t("nav.resets"), symbol: "reset", below: /^\/resets/},
            {href: "/orders", label: t("nav.orders"), symbol: "list", below: /^\/orders/},
            {href: "/keys", label: t("nav.keys"), symbol: "key", below: /^\/keys/},
        ],
        administrator: [
            {href: "/users", label: t("nav.users"), symbol: "user", below: /^\/users/},
            {href: "/audit", label: t("nav.audit"), symbol: "list", below: /^\/audit/},
        ],
    };
    const labels = {
        bidder: t("nav.bidder"),
        reviewer: t("nav.reviewer"),
        administrator: t("nav.administrator"),
    };
    const role = user().role;
    return [{label: labels[role], items: own[role]}, service];
}

function navigation() {
    return groups().map(({label, items}) =>
        h(
            "div",
            {class: "nav-group"},
            h("h2", {}, label),
            h(
                "ul",
                {},
                items.map((item) =>
                    h(
                        "li",
                        {},
                        h(
                            "a",
                            {
                                href: item.href,
                                "aria-current": item.below.test(location.pathname) && "page",
                            },
                            icon(item.symbol),
                            item.label,
                        ),
                    ),
                ),
            ),
        ),
    );
}

/** @param {{logOut: () => Promise<void>, languageChanged: () => void}} does */
function corner(does) {
    const other = language() === "en" ? "zh-CN" : "en";
    const languages = h(
        "button",
        {
            type: "button",
            class: "button top",
            lang: other,
            click: () => {
                setLanguage(other);
                does.languageChanged();
            },
        },
        t("language.other"),
    );
    if (session() === null)
        return [
            languages,
            location.pathname !== "/login" &&
                h("a", {href: "/login", class: "button top"}, t("login.title")),
        ];
    const leave = button({label: t("logout"), act: does.logOut});
    leave.classList.replace("plain", "top");
    return [
        languages,
        h(
            "a",
            {
                href: "/account",
                class: "who",
                title: t("nav.account"),
                "aria-label": `${t("nav.account")}: ${user().name}`,
            },
            icon("user"),
            h("span", {}, user().name),
        ),
        leave,
    ];
}

export class Shell {
    /** @param {{logOut: () => Promise<void>, languageChanged: () => void}} does */
    constructor(does) {
        this.does = does;
        this.main = h("main", {id: "main", tabindex: "-1"});
        this.header = h("header", {class: "top"});
        this.skip = h("a", {href: "#main", class: "skip"});
        this.nav = h("nav", {class: "side", id: "nav"});
        this.body = h("div", {class: "body"}, this.nav, this.main);
        document.body.append(this.skip, this.header, messageArea(), this.body);
    }

    /** Draws what depends on language, user and address. */
    draw() {
        const known = session();
        this.skip.textContent = t("skip");
        const toggle = h(
            "button",
            {
                type: "button",
                class: "button top menu",
                "aria-controls": "nav",
                "aria-expanded": "false",
                "aria-label": t("menu"),
                click: () => this.toggle(),
            },
            icon("menu"),
        );
        this.menu = toggle;
        this.body.classList.remove("open");
        this.header.replaceChildren(
            ...(known ? [toggle] : []),
            h(
                "a",
                {href: "/", class: "brand"},
                icon("seal"),
                h("span", {}, known?.platform ?? t("brand")),
            ),
            h("div", {class: "corner"}, corner(this.does)),
        );
        this.nav.hidden = known === null;
        this.nav.setAttribute("aria-label", t("nav"));
        this.nav.replaceChildren(...(known ? navigation() : []));
        this.body.classList.toggle("open-page", known === null);
    }

    toggle() {
        const open = this.body.classList.toggle("open");
        this.menu?.setAttribute("aria-expanded", String(open));
    }
}
